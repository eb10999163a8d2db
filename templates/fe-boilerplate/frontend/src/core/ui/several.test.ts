import { describe, expect, it } from "vitest";
import { ProblemError } from "../api/problem";
import type { AnyTable, Reference, Referrer } from "../api/table";
import type { AnyPage } from "./page";
import {
  checkRows,
  childDrafts,
  chosenReferences,
  isChoiceEnough,
  optionMessages,
  sharedEntries,
} from "./several";
import { pupils } from "./testing/pupils";
import { referenceTo } from "./testing/reference-to";

const OF_SCHOOL: Referrer = {
  table: "pupils",
  reference: "age",
  fields: ["age"],
  targetFields: ["id"],
};
const byName: Reference = referenceTo("people", "name");
const school = { id: 7 };

/** Pupils that refer to a school by `age` and to a person by `name`. */
function linked(properties: Partial<AnyTable> = {}): AnyPage {
  const references = [referenceTo("schools", "age"), byName];
  const own = { references, ...properties };
  const values = Object.entries(own).map(([name, value]) => [name, { value }] as const);
  return { ...pupils, table: Object.create(pupils.table, Object.fromEntries(values)) as AnyTable };
}

const option = (value: string) => ({ value: `["${value}"]`, label: value, values: [value] });
const shared = { fee: "10", born_on: "2019-05-05" };

describe("adding several", () => {
  it("chooses by a required reference beside the one to the parent", () => {
    expect(chosenReferences(linked(), OF_SCHOOL)).toEqual([byName]);
  });

  it("is impossible where each row needs a value of its own", () => {
    expect(chosenReferences(linked({ unique: [["fee"]] }), OF_SCHOOL)).toEqual([]);
    expect(chosenReferences(linked({ unique: [["age"]] }), OF_SCHOOL)).toEqual([]);
    expect(chosenReferences(linked({ references: [] }), OF_SCHOOL)).toEqual([]);
  });

  it("asks once for what all rows need, and leaves out what must differ", () => {
    const page = linked({ unique: [["age", "nickname"]] });
    const { required, optional } = sharedEntries(page, OF_SCHOOL, byName);
    expect(required.map(({ field }) => field.name)).toEqual(["fee", "born_on"]);
    const names = optional.map(({ field }) => field.name);
    expect(names).toContain("level");
    expect(names).not.toContain("nickname");
    expect(names).not.toContain("age");
  });

  it("needs only a choice where no other field is required", () => {
    const page = linked();
    const optional = [...page.byName].map(
      ([name, field]) => [name, { ...field, optional: name !== "name" }] as const,
    );
    expect(isChoiceEnough(page, OF_SCHOOL)).toBe(false);
    expect(isChoiceEnough({ ...page, byName: new Map(optional) }, OF_SCHOOL)).toBe(true);
    expect(isChoiceEnough(linked({ references: [] }), OF_SCHOOL)).toBe(false);
  });

  it("sends a row for each option", () => {
    const page = linked();
    const child = childDrafts(page, OF_SCHOOL, school);
    const { rows } = checkRows(page, child, byName, [option("Ani"), option("Budi")], shared);
    expect(rows).toMatchObject([
      { name: "Ani", age: 7, fee: "10", level: "beginner" },
      { name: "Budi", age: 7 },
    ]);
  });

  it("reports what is wrong at the shared field or at the option", () => {
    const page = linked();
    const child = childDrafts(page, OF_SCHOOL, school);
    const long = option("a name of more than twenty characters");
    const checked = checkRows(page, child, byName, [long, option("Budi")], { ...shared, fee: "" });
    expect(checked).toEqual({
      shared: { fee: "is required" },
      byOption: { [long.value]: "Name must have at most 20 characters" },
    });
  });

  it("shows the errors of a bulk request at its options", () => {
    const error = (field: string, message: string) => ({ field, code: "", message });
    const problem = new ProblemError(409, "Conflict", "", [
      error("1.name", "is already taken"),
      error("1.age", "is already taken"),
      error("0", "is wrong"),
      error("elsewhere", "is wrong"),
    ]);
    expect(optionMessages(linked(), problem, [option("Ani"), option("Budi")])).toEqual({
      [option("Budi").value]: "Name is already taken; Age is already taken",
      [option("Ani").value]: "is wrong",
    });
  });
});
