import { expect, it, vi } from "vitest";
import { z } from "zod";
import * as f from "../api/fields";
import { type AnyTable, defineTable } from "../api/table";
import {
  describeFilter,
  filterForm,
  isFiltered,
  readFilter,
  withoutField,
  writeFilter,
} from "./filter-values";
import { labelPaths, sortedColumns } from "./label-order";
import { canSearch, canSort, readState, writeState } from "./list-state";
import type { AnyPage, FieldInfo } from "./page";
import { pupils } from "./testing/pupils";
import { referenceTo } from "./testing/reference-to";

const tables = vi.hoisted(() => new Map<string, unknown>());
vi.mock("../api/tables", () => ({ loadTable: async (name: string) => tables.get(name) }));

const toTeam = { ...referenceTo("teams", "age"), path: "team" };
const age: FieldInfo = { ...(pupils.byName.get("age") as FieldInfo), reference: toTeam };
const page: AnyPage = {
  ...pupils,
  fields: pupils.fields.map((field) => (field.name === "age" ? age : field)),
  byName: new Map([...pupils.byName, ["age", age]]),
};
const empty = { value: "", words: "", among: [], from: "", to: "", isNull: "" } as const;

it("finds rows by words of the rows that they refer to, or by a chosen one", () => {
  expect(filterForm(page, age)).toBe("reference");
  const words = writeFilter("reference", age, { ...empty, words: " red lions " }, { age__eq: "3" });
  expect(words).toEqual({ team__q: "red lions" });
  expect(readFilter(age, words).words).toBe("red lions");
  const chosen = writeFilter("reference", age, { ...empty, value: "3" }, words);
  expect(chosen).toEqual({ age__eq: "3" });
});

it("belongs to the field that refers", () => {
  const all = { team__q: "red", name__contains: "x", team__city__in: "a,b" };
  expect(isFiltered(age, all)).toBe(true);
  expect(withoutField(age, all)).toEqual({ name__contains: "x" });
  expect(describeFilter(age, { team__q: "red" })).toBe("Age contains “red”");
  expect(describeFilter(age, { team__head_coach__is_null: "true" })).toBe(
    "Age head coach is empty",
  );
  expect(describeFilter(age, { team__city__contains: "x" })).toBe("Age city contains “x”");
});

it("is kept in the URL, as is an order by a label", () => {
  const search = { team__q: "red", team__city__eq: "x", sort: "-team__name", other__q: "1" };
  const { other__q: _unknown, ...known } = search;
  expect(writeState(readState(search, page))).toEqual(known);
  expect(canSort(page, "team__name")).toBe(true);
  expect(canSort(page, "other__name")).toBe(false);
});

it("orders by all parts of a label, through the references among them", async () => {
  const read = z.object({ id: f.int64(), name: f.text(), year: f.text(), notes: f.json() });
  const of = (name: string, labelFields: string[], labelQualifiers: string[]) =>
    defineTable({
      name,
      path: `/${name}`,
      key: ["id"],
      labelFields,
      labelQualifiers,
      schemas: { read },
    });
  const back = { value: [{ ...referenceTo("teams", "year"), path: "years" }] };
  tables.set("teams", of("teams", ["name"], ["year", "notes"]));
  expect(await labelPaths(toTeam)).toEqual(["team__name", "team__year"]);
  tables.set("teams", Object.create(of("teams", ["name", "year"], []), { references: back }));
  expect(await labelPaths(toTeam)).toEqual([
    "team__name",
    "team__years__name",
    "team__years__years__name",
  ]);
  const orders = { age: ["team__name", "team__year"] };
  expect(sortedColumns(["-team__name", "-team__year"], orders)[0]).toBe("-age");
  expect(sortedColumns(["team__name"], orders)).toEqual(["team__name"]);
});

it("makes a table searchable that has only labels of others", () => {
  const table = { filters: { age: ["eq"] }, references: [] } as unknown as AnyTable;
  const searched = { ...table, references: [{ ...toTeam, searched: true }] } as AnyTable;
  expect(canSearch({ ...page, table })).toBe(false);
  expect(canSearch({ ...page, table: searched })).toBe(true);
});
