import { describe, expect, it } from "vitest";
import { enteredFields, formEntries } from "./form-entries";
import { type Drafts, draftOf, formSchema, initialDraft } from "./form-values";
import { ani, pupils } from "./testing/pupils";
import { parseTimestamp, toLocalInput } from "./timestamps";

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

const required = { name: "Budi", fee: "10.00", born_on: "2019-05-05" };

describe("a new row", () => {
  it("omits empty fields and sends initial values", () => {
    expect(make(required).data).toEqual({ ...required, level: "beginner", active: true });
  });

  it("requires the fields that the server requires", () => {
    expect(problems(make({}))).toEqual([
      "name is required",
      "fee is required",
      "born_on is required",
    ]);
  });

  it("converts numbers, lists, timestamps and JSON", () => {
    const entered = {
      age: " 8 ",
      tags: ["a", "b"],
      seen_at: "2026-02-03T04:05",
      notes: '{"a": 1}',
    };
    expect(make({ ...required, ...entered }).data).toMatchObject({
      age: 8,
      fee: "10.00",
      tags: ["a", "b"],
      seen_at: parseTimestamp("2026-02-03T04:05"),
      notes: { a: 1 },
    });
  });

  it("reports invalid values", () => {
    const entered = { age: "x", notes: "{", fee: "1.234" };
    expect(problems(make({ ...required, ...entered }))).toEqual([
      "notes must be JSON",
      "age must be a whole number",
      "fee must have at most 2 decimal places",
    ]);
  });

  it("is validated by the rules of its table", () => {
    const reported = problems(make({ ...required, left_on: "2001-01-01" }));
    expect(reported).toContain("left_on `left_on` must be after `born_on`");
  });

  it("has no input for fields that the server manages", () => {
    const names = fields.map(({ name }) => name);
    expect(names).not.toContain("id");
    expect(names).not.toContain("created_at");
  });
});

describe("an existing row", () => {
  it("sends nothing if nothing was changed, although inputs drop fractions of seconds", () => {
    expect(change({}).data).toEqual({});
  });

  it("sends only changed fields", () => {
    expect(change({ name: "Ani B." }).data).toEqual({ name: "Ani B." });
  });

  it("sends null for cleared nullable fields", () => {
    expect(change({ age: "", seen_at: "" }).data).toEqual({ age: null, seen_at: null });
  });

  it("rejects clearing required fields", () => {
    expect(problems(change({ level: "" }))).toEqual(["level is required"]);
  });

  it("is validated by rules that involve unchanged fields", () => {
    const reported = problems(change({ left_on: "2010-01-01" }));
    expect(reported).toEqual(["left_on `left_on` must be after `born_on`"]);
  });
});

it("leaves text that is not a date and time unchanged", () => {
  for (const text of ["5", "2026-01-02", "2026-02-31T08:00", "tomorrow"])
    expect(parseTimestamp(text)).toBe(text);
});

it("converts timestamps to the time zone of the browser and back", () => {
  const timestamp = "2026-01-02T03:04:00Z";
  expect(parseTimestamp(toLocalInput(timestamp))).toBe(timestamp);
  expect(toLocalInput("not a timestamp")).toBe("");
});
