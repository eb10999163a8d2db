import { HttpResponse, http } from "msw";
import { beforeEach, expect, it, vi } from "vitest";
import { z } from "zod";
import * as f from "../api/fields";
import { defineTable, type Reference } from "../api/table";
import { server } from "../test/server";
import { findOptions, maxOptions } from "./reference-options";
import { referenceTo } from "./testing/reference-to";

let queries: string[] = [];
const found = vi.hoisted(() => new Map<string, unknown>());
vi.mock("../api/tables", () => ({ loadTable: async (name: string) => found.get(name) }));

const people = defineTable({
  name: "people",
  path: "/people",
  key: ["id"],
  labelFields: ["first", "last"],
  schemas: { read: z.object({ id: f.int64(), first: f.text(), last: f.text() }) },
});
const places = defineTable({
  name: "places",
  path: "/places",
  key: ["id"],
  labelFields: ["person_id", "seat"],
  schemas: { read: z.object({ id: f.int64(), person_id: f.int64(), seat: f.int32() }) },
});
const desks = defineTable({
  name: "desks",
  path: "/desks",
  key: ["id"],
  labelFields: ["code", "person_id"],
  schemas: { read: z.object({ id: f.int64(), code: f.text(), person_id: f.int64() }) },
});
const toPerson = referenceTo("people", "person_id");
const toPlace = referenceTo("places", "place_id");
const toDesk = referenceTo("desks", "desk_id");

const PEOPLE = [
  { id: 1, first: "Ani", last: "Wijaya" },
  { id: 2, first: "Budi", last: "Wijaya" },
];
// More rows than are scanned; the one of Budi is beyond that limit.
const PLACES = Array.from({ length: 2000 }, (_, at) => ({
  id: at + 1,
  person_id: at === 1900 ? 2 : 1,
  seat: at % 7,
}));

const DESKS = Array.from({ length: 1500 }, (_, at) => ({
  id: at + 1,
  code: `D${at + 1}`,
  person_id: at < 700 ? 1 : 2,
}));

type Row = Readonly<Record<string, unknown>>;

/** Respond as the backend does to the queries of these tests: search, equality, lists of values, and a limit. */
function serve(path: string, rows: readonly Row[]): void {
  server.use(
    http.get(`*${path}`, ({ request }) => {
      queries.push(new URL(request.url).search);
      const {
        limit = "25",
        q = "",
        count: _count,
        ...filters
      } = Object.fromEntries(new URL(request.url).searchParams);
      const fits = (row: Row) =>
        Object.entries(filters).every(([key, value]) => {
          const [field = "", operator] = key.split("__");
          if (operator === "ilike")
            return String(row[field]).toLowerCase().startsWith(value.slice(0, -1).toLowerCase());
          return operator === undefined || operator === "sort"
            ? true
            : value.split(",").includes(String(row[field]));
        });
      const has = (row: Row) => {
        const text = Object.values(row).filter(isText).join(" ");
        return q.split(" ").every((word) => includes(text, word));
      };
      const items = rows.filter((row) => fits(row) && has(row)).slice(0, Number(limit));
      return HttpResponse.json({
        items,
        total: null,
        total_is: "exact",
        limit,
        offset: 0,
        next: null,
      });
    }),
  );
}

const isText = (value: unknown): value is string => typeof value === "string";
const includes = (text: string, part: string) => text.toLowerCase().includes(part.toLowerCase());

beforeEach(() => {
  queries = [];
  found.set("people", people);
  found.set("places", places);
  found.set("desks", desks);
  vi.spyOn(places, "references", "get").mockReturnValue([toPerson]);
  vi.spyOn(desks, "references", "get").mockReturnValue([toPerson]);
  serve("/people", PEOPLE);
  serve("/places", PLACES);
  serve("/desks", DESKS);
});

const optionLabels = async (reference: Reference, search: string, where = {}) =>
  (await findOptions(reference, search, where, new AbortController().signal)).map(
    ({ label }) => label,
  );

it("finds rows by a part of a text, and by first and last name together", async () => {
  expect(await optionLabels(toPerson, "")).toEqual(["Ani Wijaya", "Budi Wijaya"]);
  expect(await optionLabels(toPerson, "bud")).toEqual(["Budi Wijaya"]);
  expect(await optionLabels(toPerson, "budi wijaya")).toEqual(["Budi Wijaya"]);
});

it("finds a row without text fields by its key, in a table of any size", async () => {
  expect(await optionLabels(toPlace, "1999")).toEqual(["Ani Wijaya · 3"]);
  expect(await optionLabels(toPlace, "1999", { seat__eq: "4" })).toEqual([]);
});

it("finds a row without text fields by the labels of the rows that it refers to", async () => {
  expect(await optionLabels(toPlace, "budi")).toEqual(["Budi Wijaya · 3"]);
  expect(await optionLabels(toPlace, "Budi Wijaya · 3")).toEqual(["Budi Wijaya · 3"]);
  expect(await optionLabels(toPlace, "Budi Wijaya · 4")).toEqual([]);
});

it("finds a row by words of its own text and of the label of the row that it refers to", async () => {
  expect(await optionLabels(toDesk, "wijaya d699 ani")).toEqual(["D699 · Ani Wijaya"]);
  expect(await optionLabels(toDesk, "d1500 budi")).toEqual(["D1500 · Budi Wijaya"]);
  expect(await optionLabels(toDesk, "D1500 · Budi")).toEqual(["D1500 · Budi Wijaya"]);
  expect(await optionLabels(toDesk, "d1500 ani")).toEqual([]);
});

it("is fast in a table of any size: rows are neither counted nor sorted", async () => {
  await optionLabels(toPerson, "wijaya");
  await optionLabels(toPlace, "");
  expect(queries[0]).toBe("?q=wijaya&limit=20&count=none");
  expect(queries[1]).toBe("?limit=100&count=none");
  for (const query of queries) expect(query).toMatch(/count=none$/);
});

it("sorts labels that start with the search text before others", async () => {
  const names = ["Siti Ani", "Ani 10", "Budi", "ani 9"];
  const rows = names.map((last, at) => ({ id: at + 1, first: "", last }));
  serve("/people", rows);
  expect(await optionLabels(toPerson, "ani")).toEqual(["ani 9", "Ani 10", "Siti Ani"]);
  expect(await optionLabels(toPerson, "")).toEqual(["ani 9", "Ani 10", "Budi", "Siti Ani"]);
});

it("offers the row that is called so, also where more rows match than are offered", async () => {
  const others = Array.from({ length: 40 }, (_, at) => ({
    id: at,
    first: `Budi ${at}`,
    last: "Ani 7",
  }));
  serve("/people", [...others, { id: 99, first: "Ani 7", last: "Wijaya" }]);
  const labels = await optionLabels(toPerson, "ani 7");
  expect(labels[0]).toBe("Ani 7 Wijaya");
  expect(labels).toHaveLength(maxOptions("ani 7"));
});

it("offers no more options than it says", async () => {
  serve(
    "/people",
    Array.from({ length: 300 }, (_, at) => ({ id: at, first: "Ani", last: "" })),
  );
  expect(await optionLabels(toPerson, "ani")).toHaveLength(maxOptions("ani"));
  expect(await optionLabels(toPerson, "")).toHaveLength(maxOptions(""));
});

it("aborts every request of a search that is superseded", async () => {
  const abort = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    server.use(
      http.get("*/people", async ({ request }) => {
        request.signal.addEventListener("abort", () => resolve());
        abort.abort();
        await aborted;
      }),
    );
  });
  const search = findOptions(toPerson, "ani", {}, abort.signal);
  await expect(search).rejects.toMatchObject({ name: "AbortError" });
  await aborted;
});
