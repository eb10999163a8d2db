import { HttpResponse, http } from "msw";
import { beforeEach, expect, it, vi } from "vitest";
import { z } from "zod";
import * as f from "../api/fields";
import { type AnyTable, defineTable } from "../api/table";
import { server } from "../test/server";
import { labelReferred, labelRows } from "./row-labels";
import { referenceTo } from "./testing/reference-to";

const found = vi.hoisted(() => new Map<string, unknown>());
vi.mock("../api/tables", () => ({ loadTable: async (name: string) => found.get(name) }));

const teams = defineTable({
  name: "teams",
  path: "/teams",
  key: ["id"],
  labelFields: ["name"],
  schemas: { read: z.object({ id: f.int64(), name: f.text() }) },
});
const places = defineTable({
  name: "places",
  path: "/places",
  key: ["id"],
  labelFields: ["team_id", "kind"],
  schemas: {
    read: z.object({ id: f.int64(), team_id: f.int64(), kind: f.choice(["first", "last_one"]) }),
  },
});
const toTeam = referenceTo("teams", "team_id");
const toPlace = referenceTo("places", "place_id");

let queries: string[] = [];

beforeEach(() => {
  queries = [];
  found.set("teams", teams);
  found.set("places", Object.create(places, { references: { value: [toTeam] } }));
  server.use(
    http.get("*/teams", ({ request }) => {
      queries.push(decodeURIComponent(new URL(request.url).search));
      const items = [{ id: 5, name: "Reds" }];
      return HttpResponse.json({
        items,
        total: null,
        total_is: "exact",
        limit: 1,
        offset: 0,
        next: null,
      });
    }),
  );
});

it("uses the labels of referenced rows, requested in one batch", async () => {
  const table = found.get("places") as AnyTable;
  const rows = [
    { id: "1", team_id: "5", kind: "first" },
    { id: "2", team_id: "5", kind: "last_one" },
  ];
  expect(await labelRows(table, rows)).toEqual(["Reds · First", "Reds · Last one"]);
  expect(queries).toEqual(["?id__in=5&limit=200&count=none"]);
});

it("uses rows that are already loaded, and follows their references", async () => {
  const known = { place_id: [{ id: "1", team_id: "5", kind: "first" }] };
  const labels = await labelReferred([toPlace], [{ place_id: "1" }], undefined, known);
  expect(labels.get("place_id")?.get('["1"]')).toEqual({ text: "Reds · First", key: ["1"] });
});

it("completes a label that several rows may have, by what tells them apart", async () => {
  const read = z.object({ id: f.int64(), name: f.text(), year: f.text(), team_id: f.int64() });
  const definition = { key: ["id"], labelFields: ["name"], schemas: { read } };
  const classes = defineTable({
    name: "classes",
    path: "/classes",
    ...definition,
    labelQualifiers: ["year", "team_id"],
  });
  const table: AnyTable = Object.create(classes, { references: { value: [toTeam] } });
  const rows = [
    { id: "1", name: "7A", year: "2025/2026", team_id: "5" },
    { id: "2", name: "7A", year: "2026/2027", team_id: null },
  ];
  expect(await labelRows(table, rows)).toEqual(["7A (2025/2026, Reds)", "7A (2026/2027)"]);
});
