import { describe, expect, it } from "vitest";
import { describeFilter, readFilter, writeFilter } from "./filter-values";
import { queryOf, readState, shownColumns, writeState } from "./list-state";
import type { FieldInfo } from "./page";
import { pupils } from "./testing/pupils";

const field = (name: string) => pupils.byName.get(name) as FieldInfo;

describe("the state of a list", () => {
  it("is restored from its URL", () => {
    const search = {
      page: "3",
      size: "50",
      sort: "-born_on,name",
      q: "an",
      columns: "name,age",
      level__in: "beginner,far_on",
    };
    expect(writeState(readState(search, pupils))).toEqual(search);
  });

  it("is restored with the cursor of its page, of which the URL should have only one", () => {
    const search = { page: "3", after: "abc" };
    expect(writeState(readState(search, pupils))).toEqual(search);
    expect(writeState(readState({ ...search, before: "x" }, pupils))).toEqual(search);
    expect(queryOf(readState({ page: "2", before: "x" }, pupils), []).before).toBe("x");
  });

  it("is serialized without default values", () => {
    expect(writeState(readState({}, pupils))).toEqual({});
  });

  it("ignores unknown fields and invalid values", () => {
    const search = {
      page: "-1",
      size: "7",
      sort: "notes,nothing",
      columns: "x",
      name__gte: "a",
      y__eq: "1",
    };
    expect(writeState(readState(search, pupils))).toEqual({});
  });

  it("is converted to a query", () => {
    const state = readState({ page: "3", fee__gte: "5" }, pupils);
    expect(queryOf(state, [])).toMatchObject({ limit: 25, offset: 50, filters: { fee__gte: "5" } });
    const beyond = queryOf(readState({ page: "9".repeat(20) }, pupils), []);
    expect(String(beyond.offset)).toMatch(/^\d+$/);
  });
});

describe("a filter", () => {
  const nothing = { value: "", words: "", among: [], from: "", to: "", isNull: "" } as const;

  it("replaces the previous filter of its field", () => {
    const all = { fee__gte: "1", name__contains: "x" };
    const found = writeFilter("range", field("fee"), { ...nothing, to: "9" }, all);
    expect(found).toEqual({ name__contains: "x", fee__lte: "9" });
  });

  it("for empty values excludes other conditions", () => {
    const draft = { ...nothing, from: "1", isNull: "true" } as const;
    expect(writeFilter("range", field("age"), draft, {})).toEqual({ age__is_null: "true" });
  });

  it("is restored in its form", () => {
    const draft = { ...nothing, among: ["beginner", "far_on"] };
    const written = writeFilter("choices", field("level"), draft, {});
    expect(readFilter(field("level"), written)).toEqual(draft);
  });

  it("is described in words", () => {
    expect(describeFilter(field("level"), { level__in: "beginner,far_on" })).toBe(
      "Level is Beginner or Far on",
    );
    expect(describeFilter(field("name"), { name__contains: "x" })).toBe("Name contains “x”");
    expect(describeFilter(field("left_on"), { left_on__is_null: "true" })).toBe("Left on is empty");
  });
});

it("lists deleted rows of tables with rows that can be restored, with the time of their deletion", () => {
  const restorable = { ...pupils, deletion: "left_on" };
  const state = readState({ deleted: "only" }, restorable);
  expect(shownColumns(restorable, state)).toEqual([...new Set([...pupils.columns, "left_on"])]);
  expect(writeState(state)).toEqual({ deleted: "only" });
  expect(queryOf(state, []).deleted).toBe("only");
  expect(shownColumns(restorable, readState({}, restorable))).toEqual(pupils.columns);
  expect(readState({ deleted: "only" }, pupils).deleted).toBeUndefined();
});
