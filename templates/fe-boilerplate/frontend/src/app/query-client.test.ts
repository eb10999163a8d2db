import { expect, test } from "vitest";
import { ProblemError } from "../core/api/problem";
import { queryClient, retryDelay } from "./query-client";

const busy = (retryAfter?: number) => new ProblemError(503, "busy", "busy", [], retryAfter);

/** Return how often a query is repeated after an error. */
function retries(error: Error): number {
  const { retry } = queryClient.getDefaultOptions().queries ?? {};
  if (typeof retry !== "function") throw new Error("no function");
  let failures = 0;
  while (retry(failures, error)) failures += 1;
  return failures;
}

test("requests are repeated twice, unless the client is at fault or the server suggests a long wait", () => {
  expect(retries(new ProblemError(0, "No connection", ""))).toBe(2);
  expect(retries(new ProblemError(502, "Bad Gateway", "Bad Gateway"))).toBe(2);
  expect(retries(busy(5))).toBe(2);
  expect(retries(busy(31))).toBe(0);
  expect(retries(new ProblemError(422, "", ""))).toBe(0);
  expect(queryClient.getDefaultOptions().mutations?.retry).toBe(false);
});

test("requests that took too long are not repeated", () => {
  expect(retries(busy())).toBe(0);
  expect(retries(new ProblemError(504, "Gateway Timeout", "Gateway Timeout"))).toBe(0);
});

test("a request is not repeated before the suggested wait is over", () => {
  const lost = new ProblemError(0, "No connection", "");
  expect([0, 1].map((failures) => retryDelay(failures, lost))).toEqual([1000, 2000]);
  expect(retryDelay(1, busy(5))).toBeGreaterThanOrEqual(5000);
  expect(retryDelay(1, busy(5))).toBeLessThanOrEqual(6000);
});
