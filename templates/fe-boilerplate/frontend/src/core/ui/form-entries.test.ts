import { expect, it } from "vitest";
import type { AnyTable, Reference } from "../api/table";
import { describeFields } from "./fields";
import { enteredFields, formEntries } from "./form-entries";
import type { AnyPage } from "./page";
import { pupils } from "./testing/pupils";

const reference = (fields: readonly string[]): Reference => ({
  name: fields.join("+"),
  fields,
  table: "teams",
  targetFields: fields,
});

/** The pupils, as if some of their fields referred to teams. */
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

it("asks for a reference of several fields as one", () => {
  const both = reference(["age", "nickname"]);
  const entries = formEntries(withReferences([both]), true);
  const names = entries.map(({ field }) => field.name);
  expect(names).toContain("nickname");
  expect(names).not.toContain("age");
  expect(entries.find(({ field }) => field.name === "nickname")).toMatchObject({
    reference: both,
    shared: [],
  });
  const filled = enteredFields(pupils, entries).map(({ name }) => name);
  expect(filled).toEqual(expect.arrayContaining(["age", "nickname"]));
});

it("lets a field that refers by itself limit what a wider reference offers", () => {
  const alone = reference(["age"]);
  const both = reference(["age", "nickname"]);
  const entries = formEntries(withReferences([both, alone]), true);
  const at = (name: string) => entries.find(({ field }) => field.name === name);
  expect(at("age")).toMatchObject({ reference: alone });
  expect(at("nickname")).toMatchObject({ reference: both, shared: ["age"] });
});

it("shows a wider reference at the last field that does not refer by itself", () => {
  const alone = reference(["nickname"]);
  const leads = (references: readonly Reference[]) => {
    const table: AnyTable = Object.create(pupils.table, { references: { value: references } });
    return describeFields(table, {}, {}).flatMap(({ name, leadsTo }) =>
      leadsTo ? [[name, leadsTo.name]] : [],
    );
  };
  expect(leads([reference(["age", "nickname"])])).toEqual([["nickname", "age+nickname"]]);
  expect(leads([reference(["age", "nickname"]), alone])).toEqual([
    ["nickname", "nickname"],
    ["age", "age+nickname"],
  ]);
});

it("asks of a row that is there only for what can be changed", () => {
  const changed = formEntries(pupils, false).map(({ field }) => field.name);
  expect(changed).not.toContain("id");
  expect(changed).not.toContain("created_at");
  expect(changed).toContain("name");
});
