import { describe, expect, it } from "vitest";
import { enteredFields, formEntries } from "./form-entries";
import { type Drafts, draftOf, formSchema, initialDraft } from "./form-values";
import { localInput, readMoment } from "./moments";
import { ani, pupils } from "./testing/pupils";

const fields = enteredFields(pupils, formEntries(pupils, true));
const empty: Drafts = Object.fromEntries(
  fields.map((field) => [field.name, initialDraft(field, undefined)]),
);
const stored = pupils.table.parse(ani);
const opened: Drafts = Object.fromEntries(
  fields.map((field) => [field.name, draftOf(field, stored[field.name])]),
);

const make = (drafts: Partial<Drafts>) =>
  formSchema(pupils, fields, empty).safeParse({ ...empty, ...drafts });
const change = (drafts: Partial<Drafts>) =>
  formSchema(pupils, fields, opened, stored).safeParse({ ...opened, ...drafts });
const problems = (result: ReturnType<typeof make>) =>
  result.error?.issues.map(({ path, message }) => `${path.join()} ${message}`);

const needed = { name: "Budi", fee: "10.00", born_on: "2019-05-05" };

describe("a new row", () => {
  it("leaves out what was left empty, and sends what the form showed at first", () => {
    expect(make(needed).data).toEqual({ ...needed, level: "beginner", active: true });
  });

  it("needs what the server needs", () => {
    expect(problems(make({}))).toEqual([
      "name is required",
      "fee is required",
      "born_on is required",
    ]);
  });

  it("sends numbers, lists, moments and JSON as what they are", () => {
    const given = { age: " 8 ", tags: ["a", "b"], seen_at: "2026-02-03T04:05", notes: '{"a": 1}' };
    expect(make({ ...needed, ...given }).data).toMatchObject({
      age: 8,
      fee: "10.00",
      tags: ["a", "b"],
      seen_at: readMoment("2026-02-03T04:05"),
      notes: { a: 1 },
    });
  });

  it("is told what is wrong with a value", () => {
    const given = { age: "x", notes: "{", fee: "1.234" };
    expect(problems(make({ ...needed, ...given }))).toEqual([
      "notes must be JSON",
      "age must be a whole number",
      "fee has room for 2 digits behind the point",
    ]);
  });

  it("is held to the rules of its table", () => {
    const told = problems(make({ ...needed, left_on: "2001-01-01" }));
    expect(told).toContain("left_on must satisfy left_on > born_on");
  });

  it("has no input for what the server keeps or numbers", () => {
    const names = fields.map(({ name }) => name);
    expect(names).not.toContain("id");
    expect(names).not.toContain("created_at");
  });
});

describe("a row that is changed", () => {
  it("sends nothing when nothing differs, not even a moment's fractions", () => {
    expect(change({}).data).toEqual({});
  });

  it("sends only what differs", () => {
    expect(change({ name: "Ani B." }).data).toEqual({ name: "Ani B." });
  });

  it("sends null for what was emptied, where it may be null", () => {
    expect(change({ age: "", seen_at: "" }).data).toEqual({ age: null, seen_at: null });
  });

  it("refuses to empty what may not be null", () => {
    expect(problems(change({ level: "" }))).toEqual(["level is required"]);
  });

  it("is held to rules over what was not touched", () => {
    const told = problems(change({ left_on: "2010-01-01" }));
    expect(told).toEqual(["left_on must satisfy left_on > born_on"]);
  });
});

it("takes nothing for a moment but a date and time", () => {
  for (const text of ["5", "2026-01-02", "2026-02-31T08:00", "tomorrow"])
    expect(readMoment(text)).toBe(text);
});

it("shows a moment in the zone of the browser, and reads it back", () => {
  const moment = "2026-01-02T03:04:00Z";
  expect(readMoment(localInput(moment))).toBe(moment);
  expect(localInput("no moment")).toBe("");
});
