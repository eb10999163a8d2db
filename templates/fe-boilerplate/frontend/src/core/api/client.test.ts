import { HttpResponse, http } from "msw";
import { afterEach, describe, expect, test, vi } from "vitest";
import { server } from "../test/server";
import { apiUrl, send } from "./client";
import { ProblemError, problemOf, readRetryAfter } from "./problem";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.stubEnv("VITE_API_BASE", "http://localhost/api");
});

describe("URLs", () => {
  test("start with the configured base URL, or with /api", () => {
    vi.stubEnv("VITE_API_BASE", "https://example.com/v1/");
    expect(apiUrl("/students")).toBe("https://example.com/v1/students");
    vi.stubEnv("VITE_API_BASE", undefined);
    expect(apiUrl("/students", new URLSearchParams({ q: "a b+" }))).toBe("/api/students?q=a+b%2B");
  });
});

describe("requests", () => {
  test("declare their content type, accepted type and version", async () => {
    let headers: Record<string, string> = {};
    server.use(
      http.patch("*/api/x", async ({ request }) => {
        headers = Object.fromEntries(request.headers);
        return HttpResponse.json({ body: await request.text() }, { headers: { ETag: '"2"' } });
      }),
    );
    const response = await send("/x", { method: "PATCH", body: { a: 1 }, etag: '"1"' });
    expect(response).toEqual({ body: { body: '{"a":1}' }, etag: '"2"' });
    expect(headers).toMatchObject({
      accept: "application/json",
      "content-type": "application/json",
      "if-match": '"1"',
    });
  });

  test("without a response throw a ProblemError", async () => {
    server.use(http.get("*/api/x", () => HttpResponse.error()));
    await expect(send("/x")).rejects.toMatchObject({ name: "ProblemError", status: 0 });
  });

  test("that are aborted throw an AbortError", async () => {
    server.use(http.get("*/api/x", () => HttpResponse.json({})));
    const signal = AbortSignal.abort();
    await expect(send("/x", { signal })).rejects.toMatchObject({ name: "AbortError" });
  });

  test("fail with the server's problem, or with its status text", async () => {
    server.use(
      http.get("*/api/html", () =>
        HttpResponse.html("<b>no</b>", { status: 502, statusText: "Bad Gateway" }),
      ),
      http.get("*/api/problem", () =>
        HttpResponse.json(
          {
            title: "Conflict",
            detail: "in use",
            errors: [{ field: "id", code: "foreign_key", message: "m", constraint: "c" }],
          },
          { status: 409, headers: { "Content-Type": "application/problem+json" } },
        ),
      ),
    );
    await expect(send("/html")).rejects.toMatchObject({
      status: 502,
      title: "Bad Gateway",
      errors: [],
    });
    await expect(send("/problem")).rejects.toMatchObject({
      status: 409,
      detail: "in use",
      errors: [{ field: "id", code: "foreign_key", message: "m", constraint: "c" }],
    });
  });
});

test("a wait that the server suggests is part of the problem", async () => {
  server.use(
    http.get("*/api/busy", () =>
      HttpResponse.json({ detail: "busy" }, { status: 503, headers: { "Retry-After": "5" } }),
    ),
  );
  await expect(send("/busy")).rejects.toMatchObject({ status: 503, retryAfter: 5 });
  vi.spyOn(Date, "now").mockReturnValue(Date.UTC(2030, 0, 1, 0, 0, 0));
  expect(readRetryAfter("Tue, 01 Jan 2030 00:00:07 GMT")).toBe(7);
  expect(readRetryAfter("Mon, 31 Dec 2029 00:00:00 GMT")).toBe(0);
  expect([readRetryAfter("soon"), readRetryAfter(null)]).toEqual([undefined, undefined]);
});

describe("problems", () => {
  test("are built from any response body", () => {
    expect(problemOf(500, "", null)).toMatchObject({ title: "Status 500", errors: [] });
    expect(problemOf(422, "", { detail: 1, errors: [null, { field: "a" }] }).errors).toEqual([
      { field: "a", code: "", message: "" },
    ]);
  });

  test("return the messages of a field and of its items", () => {
    const error = (field: string) => ({ field, code: "", message: `of ${field}` });
    const errors = [error("tags.0"), error("tags"), error("tagset")];
    const problem = new ProblemError(422, "t", "d", errors);
    expect(problem.messagesOf("tags")).toEqual(["of tags.0", "of tags"]);
  });
});
