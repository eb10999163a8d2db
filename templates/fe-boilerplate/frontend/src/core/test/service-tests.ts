import { HttpResponse, http } from "msw";
import { describe, expect, test } from "vitest";
import { type JsonValue, readJson, writeJson } from "../api/json";
import { ProblemError } from "../api/problem";
import type { AnyRow, AnyTable } from "../api/table";
import { fromWire, toWire } from "../api/wire";
import { server } from "./server";

/** The test data of a table. Values are in the application's representation, not in that of the API. */
export interface Examples {
  readonly row: AnyRow;
  /** A valid new row; absent if rows cannot be created. */
  readonly body?: AnyRow;
  /** An invalid value by field. */
  readonly refused?: AnyRow;
  /** Values that violate a rule, by the name of the rule. */
  readonly broken?: Readonly<Record<string, AnyRow>>;
}

interface Sent {
  readonly method: string;
  readonly url: URL;
  readonly etag: string | null;
  readonly body: JsonValue;
}

/** Respond to every request with `body`, and return the list to which requests are recorded. */
function respondWith(body: unknown, init: ResponseInit = {}): Sent[] {
  const sent: Sent[] = [];
  server.use(
    http.all("*", async ({ request }) => {
      const text = await request.text();
      const { method, url, headers } = request;
      const json = text ? readJson(text) : null;
      sent.push({ method, url: new URL(url), etag: headers.get("If-Match"), body: json });
      const content = init.status === 204 ? null : writeJson(body);
      return new HttpResponse(content, {
        ...init,
        headers: { "Content-Type": "application/json", ...init.headers },
      });
    }),
  );
  return sent;
}

/** Test the requests of a table's service, and how it parses the responses. */
export function testService(table: AnyTable, examples: Examples): void {
  const { row, body = {} } = examples;
  const wire = toWire(table.schemas.read.shape, row);
  const path = encodeURI(`/api${table.path}`);
  const key = table.keyOf(row);
  const rowPath = path + key.map((part) => `/${encodeURIComponent(part)}`).join("");

  describe(`lists of ${table.name}`, () => {
    test("are requested with page, order, search and filters", async () => {
      const place = { limit: 20, offset: 40, next: null };
      const sent = respondWith({ items: [wire], total: 41, total_is: "exact", ...place });
      const [field = "", operators = []] = Object.entries(table.filters)[0] ?? [];
      const filters = operators.length > 0 ? { [`${field}__${operators.at(-1)}`]: "1" } : {};
      const page = await table.list({
        limit: 20,
        offset: 40,
        sort: [`-${field}`],
        q: "a b",
        filters,
      });
      expect(page).toEqual({
        items: [row],
        total: 41,
        precision: "exact",
        ...place,
        expanded: {},
      });
      expect(sent[0]?.url.pathname).toBe(path);
      expect(Object.fromEntries(sent[0]?.url.searchParams ?? [])).toEqual({
        limit: "20",
        offset: "40",
        sort: `-${field}`,
        q: "a b",
        ...filters,
      });
    });

    test("can be counted and exported", async () => {
      const sent = respondWith({ count: 7 });
      expect(await table.count({ q: "x", limit: 5 })).toBe(7);
      expect(sent[0]?.url.href).toMatch(`${path}${table.mark}count?q=x`);
      await table.exportFile("csv", { q: "x", limit: 5 });
      expect(sent[1]?.url.href).toMatch(`${path}${table.mark}export.csv?q=x`);
    });

    test("that the server rejects throw its problem", async () => {
      const errors = [
        { field: "sort", code: "sort", message: "cannot sort by x", constraint: null },
      ];
      respondWith(
        { title: "Unprocessable", status: 422, detail: "sort: no", errors },
        { status: 422 },
      );
      const problem = await table.list().catch((error: unknown) => error);
      expect(problem).toBeInstanceOf(ProblemError);
      expect(problem).toMatchObject({ status: 422, message: "sort: no" });
      expect((problem as ProblemError).messagesOf("sort")).toEqual(["cannot sort by x"]);
    });
  });

  if (!table.writable) return;

  describe(`rows of ${table.name}`, () => {
    test("are read with their version", async () => {
      const sent = respondWith(wire, { headers: { ETag: '"v1"' } });
      expect(await table.get(key)).toEqual({ row, etag: '"v1"' });
      expect(sent[0]?.url.pathname).toBe(rowPath);
    });

    test("that do not exist throw a problem", async () => {
      respondWith({ title: "Not Found", status: 404, detail: "There is none." }, { status: 404 });
      await expect(table.get(key)).rejects.toMatchObject({
        status: 404,
        message: "There is none.",
      });
    });

    test("are created one by one or in bulk", async () => {
      const shape = table.schemas.create?.shape ?? {};
      const sent = respondWith(wire, { status: 201 });
      expect(await table.create(body)).toEqual(row);
      expect(sent[0]).toMatchObject({ method: "POST" });
      expect(sent[0]?.url.pathname).toBe(path);
      const sentBody = readJson(writeJson(toWire(shape, body)));
      expect(sent[0]?.body).toEqual(sentBody);
      const many = respondWith([wire], { status: 201 });
      expect(await table.createMany([body])).toEqual([row]);
      expect(many[0]?.url.pathname).toBe(`${path}/bulk`);
      expect(many.map((request) => request.body)).toEqual([[sentBody]]);
    });

    test("are deleted one by one or in bulk", async () => {
      const sent = respondWith(null, { status: 204 });
      await table.remove(key, '"v1"');
      expect(sent).toMatchObject([{ method: "DELETE", etag: '"v1"', url: { pathname: rowPath } }]);
      const many = respondWith({ deleted: 1 });
      expect(await table.removeMany([key])).toBe(1);
      expect(many[0]?.url.pathname).toBe(`${path}/bulk-delete`);
      const parts = table.key.map((field) => wire[field]);
      expect(writeJson(many[0]?.body)).toBe(writeJson([parts.length === 1 ? parts[0] : parts]));
    });

    if (!table.changeable) return;

    test("are changed with the version that was read", async () => {
      const changes = Object.fromEntries(
        Object.entries(body).filter(([field]) => !table.key.includes(field)),
      );
      const sent = respondWith(wire);
      expect(await table.update(key, changes, '"v1"')).toEqual(row);
      expect(await table.replace(key, body, '"v2"')).toEqual(row);
      expect(sent).toMatchObject([
        { method: "PATCH", etag: '"v1"', url: { pathname: rowPath } },
        { method: "PUT", etag: '"v2"', url: { pathname: rowPath } },
      ]);
      const shape = table.schemas.update?.shape ?? {};
      expect(sent.map((request) => fromWire(shape, request.body))).toEqual([changes, changes]);
      const many = respondWith([wire]);
      expect(await table.updateMany([{ key, changes }])).toEqual([row]);
      expect(many[0]?.url.pathname).toBe(`${path}/bulk-update`);
      const [change] = (many[0]?.body ?? []) as unknown as { changes: unknown }[];
      expect(fromWire(shape, change?.changes)).toEqual(changes);
    });
  });

  testSchema(table, examples);
}

/** Test which new rows the schema of a table accepts and rejects. */
function testSchema(table: AnyTable, { body, refused = {}, broken = {} }: Examples): void {
  const schema = table.schemas.create;
  if (!schema || !body) return;
  const invalidFields = (values: AnyRow) => {
    const issues = schema.safeParse({ ...body, ...values }).error?.issues ?? [];
    return [...new Set(issues.map((issue) => String(issue.path[0] ?? "")))];
  };

  describe(`the schema of ${table.name}`, () => {
    test("accepts a valid row and rejects unknown fields", () => {
      expect(schema.safeParse(body).error?.issues ?? []).toEqual([]);
      expect(schema.safeParse({ ...body, "no such field": 1 }).success).toBe(false);
    });

    for (const [field, value] of Object.entries(refused)) {
      test(`rejects ${JSON.stringify(value)} for ${field}`, () => {
        expect(invalidFields({ [field]: value })).toContain(field);
      });
    }

    for (const [rule, values] of Object.entries(broken)) {
      test(`applies the rule ${rule}`, () => {
        const reported = invalidFields(values).filter((field) => field in values);
        expect(reported).not.toEqual([]);
      });
    }
  });
}
