import { expect, it } from "vitest";
import type { AnyTable, Reference } from "../api/table";
import { describeFields } from "./fields";
import { enteredFields, formEntries } from "./form-entries";
import type { AnyPage } from "./page";
import { pupils } from "./testing/pupils";

const reference = (fields: readonly string[]): Reference => ({
  name: fields.join("+"),
  path: fields.join("_"),
  fields,
  table: "teams",
  targetFields: fields,
});

/** The page of the pupils, with references from some of their fields to teams. */
function withReferences(references: readonly Reference[]): AnyPage {
  const table: AnyTable = Object.create(pupils.table, { references: { value: references } });
  const fields = pupils.fields.map((field) => ({
    ...field,
    reference: references.find(
      ({ fields: [first, ...more] }) => first === field.name && !more.length,
    ),
  }));
  return { ...pupils, table, fields, byName: new Map(fields.map((field) => [field.name, field])) };
}

it("combines a composite reference into one entry", () => {
  const both = reference(["age", "nickname"]);
  const entries = formEntries(withReferences([both]), true);
  const names = entries.map(({ field }) => field.name);
  expect(names).toContain("nickname");
  expect(names).not.toContain("age");
  expect(entries.find(({ field }) => field.name === "nickname")).toMatchObject({
    reference: both,
    shared: [],
  });
  const entered = enteredFields(pupils, entries).map(({ name }) => name);
  expect(entered).toEqual(expect.arrayContaining(["age", "nickname"]));
});

it("limits the options of a composite reference by a field with its own reference", () => {
  const single = reference(["age"]);
  const both = reference(["age", "nickname"]);
  const entries = formEntries(withReferences([both, single]), true);
  const at = (name: string) => entries.find(({ field }) => field.name === name);
  expect(at("age")).toMatchObject({ reference: single });
  expect(at("nickname")).toMatchObject({ reference: both, shared: ["age"] });
});

it("shows a composite reference at its last field without a reference of its own", () => {
  const single = reference(["nickname"]);
  const displayed = (references: readonly Reference[]) => {
    const table: AnyTable = Object.create(pupils.table, { references: { value: references } });
    return describeFields(table, {}, {}).flatMap(({ name, leadsTo }) =>
      leadsTo ? [[name, leadsTo.name]] : [],
    );
  };
  expect(displayed([reference(["age", "nickname"])])).toEqual([["nickname", "age+nickname"]]);
  expect(displayed([reference(["age", "nickname"]), single])).toEqual([
    ["nickname", "nickname"],
    ["age", "age+nickname"],
  ]);
});

it("contains only changeable fields for an existing row", () => {
  const names = formEntries(pupils, false).map(({ field }) => field.name);
  expect(names).not.toContain("id");
  expect(names).not.toContain("created_at");
  expect(names).toContain("name");
});
