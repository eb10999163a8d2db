import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { z } from "zod";
import { server } from "../test/server";
import { array, date, float, int64, text } from "./fields";
import { defineTable } from "./table";

const table = defineTable({
  name: "visits",
  path: "/visits",
  key: ["place", "day", "number"],
  labelFields: ["note", "day"],
  schemas: {
    read: z.object({ place: text(), day: date(), number: int64(), note: text().nullable() }),
  },
});
const row = { place: "a/b ü", day: "2024-01-31", number: "9007199254740993", note: null };

test("each part of a composite key is an escaped path segment", async () => {
  let pathname = "";
  server.use(
    http.get("*/api/visits/*", ({ request }) => {
      pathname = new URL(request.url).pathname;
      return new HttpResponse(
        '{"place":"a/b ü","day":"2024-01-31","number":9007199254740993,"note":null}',
        {
          headers: { "Content-Type": "application/json" },
        },
      );
    }),
  );
  expect(await table.get(table.keyOf(row))).toEqual({ row, etag: undefined });
  expect(pathname).toBe("/api/visits/a%2Fb%20%C3%BC/2024-01-31/9007199254740993");
});

test("64-bit keys are sent as numbers in bulk requests", async () => {
  let sent = "";
  server.use(
    http.post("*/api/visits/bulk-delete", async ({ request }) => {
      sent = await request.text();
      return HttpResponse.json({ deleted: 1 });
    }),
  );
  await table.removeMany([table.keyOf(row)]);
  expect(sent).toBe('[["a/b ü","2024-01-31",9007199254740993]]');
});

test("a row is labelled by its label fields, or by its key if they are empty", () => {
  expect(table.label({ ...row, note: "Late" })).toBe("Late 2024-01-31");
  const nameless = defineTable({
    ...table,
    labelFields: ["note"],
    schemas: { read: table.schemas.read },
  });
  expect(nameless.label(row)).toBe("a/b ü, 2024-01-31, 9007199254740993");
});

test("numbers without digits, nulls in lists and lists in lists are parsed", () => {
  const measured = defineTable({
    name: "probes",
    path: "/probes",
    key: [],
    labelFields: [],
    schemas: { read: z.object({ peak: float(), ids: array(int64()) }) },
  });
  const probe = { peak: "NaN", ids: [1, null] };
  expect(measured.parse(probe)).toEqual({ peak: "NaN", ids: ["1", null] });
  expect(measured.parse({ peak: 1, ids: [[1], [2]] })).toEqual({ peak: 1, ids: [["1"], ["2"]] });
});

test("a table whose key may be any text is counted under a path that no row has", async () => {
  const words = defineTable({ ...table, name: "words", path: "/words", mark: ":" });
  server.use(http.get("*/api/words:count", () => HttpResponse.json({ count: 7 })));
  expect(await words.count()).toBe(7);
});

test("an unexpected response throws an error", () => {
  expect(() => table.parse({ place: "a" })).toThrow(/visits: unexpected response/);
});

test("filters are derived from the fields", () => {
  expect(table.filters.note).toContain("is_null");
  expect(table.filters.day).toContain("gte");
  expect([table.writable, table.changeable]).toEqual([false, false]);
});
