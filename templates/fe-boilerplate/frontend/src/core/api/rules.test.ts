import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import * as f from "./fields";
import * as sql from "./rules";

const rules: readonly sql.Rule[] = [
  {
    name: "in_order",
    fields: ["starts", "ends"],
    message: "`starts` must be before `ends`",
    holds: (row) => sql.lt(row.starts, row.ends),
  },
];
const body = z.strictObject({
  starts: f.date(),
  ends: f.date().nullish(),
  name: f.text({ min: 1 }),
});

function errors(schema: z.ZodType, values: unknown) {
  return schema
    .safeParse(values)
    .error?.issues.map(({ path, message }) => [path.join("."), message]);
}

describe("rules over a row", () => {
  const schema = sql.withRules(body, rules);
  const broken = { starts: "2024-02-01", ends: "2024-01-01" };

  test("are reported at each of their fields", () => {
    expect(errors(schema, { ...broken, name: "a" })).toEqual([
      ["starts", "`starts` must be before `ends`"],
      ["ends", "`starts` must be before `ends`"],
    ]);
  });

  test("are evaluated unless one of their own fields is invalid", () => {
    const fields = errors(schema, { ...broken, name: "" })?.map(([field]) => field);
    expect(fields).toEqual(["name", "starts", "ends"]);
    expect(errors(schema, { ...broken, ends: "x", name: "a" })).toEqual([
      ["ends", "must be a date"],
    ]);
    expect(errors(schema, "no row")).toHaveLength(1);
  });

  test("are not violated by unknown values", () => {
    expect(errors(schema, { starts: "2024-02-01", ends: null, name: "a" })).toBeUndefined();
  });

  test("preserve the fields of the schema", () => {
    expect(Object.keys(schema.shape)).toEqual(["starts", "ends", "name"]);
  });

  test("apply to changes only if all their fields are changed", () => {
    const changes = sql.withRulesOfChanges(body.partial(), rules);
    expect(errors(changes, { ends: "2024-01-01" })).toBeUndefined();
    expect(errors(changes, broken)).toHaveLength(2);
  });
});

describe("SQL operations", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test("compare numbers exactly", () => {
    expect(sql.eq(sql.num("1.0"), sql.num(1))).toBe(true);
    expect(sql.lt(sql.num("9007199254740992"), sql.num("9007199254740993"))).toBe(true);
    expect(sql.gt(sql.num("-0.1"), sql.num("-0.2"))).toBe(true);
    expect(sql.eq(sql.add(sql.num("0.1"), sql.num("0.2")), sql.num("0.3"))).toBe(true);
    expect(sql.eq(sql.mul(sql.num("1.5"), sql.num(2)), sql.num(3))).toBe(true);
    expect(sql.le(sql.sub(sql.num(1), sql.num("2.5")), sql.num("-1.5"))).toBe(true);
  });

  test("compare times and timestamps by value", () => {
    expect(sql.eq(sql.timeOfDay("08:00"), sql.timeOfDay("08:00:00.000"))).toBe(true);
    expect(sql.lt(sql.timeOfDay("08:00:00"), sql.timeOfDay("08:00:00.1"))).toBe(true);
    expect(sql.lt(sql.span("-100:00:00.5"), sql.span("-99:00"))).toBe(true);
    expect(sql.eq(sql.span("100:00:00"), sql.span("100:00"))).toBe(true);
    expect(sql.span("a day")).toBe(null);
    expect(
      sql.eq(sql.timestamp("2024-01-01T07:00:00+07:00"), sql.timestamp("2024-01-01T00:00:00Z")),
    ).toBe(true);
    expect(
      sql.lt(
        sql.timestamp("2024-01-01T00:00:00.000001"),
        sql.timestamp("2024-01-01T00:00:00.000002"),
      ),
    ).toBe(true);
    vi.useFakeTimers({ now: new Date("2024-05-06T07:08:09Z") });
    expect([sql.today(), sql.now()]).toEqual(["2024-05-06", sql.timestamp("2024-05-06T07:08:09Z")]);
  });

  test("return null for unknown operands", () => {
    expect([sql.lt(null, 1), sql.eq(undefined, "a"), sql.ne(null, null)]).toEqual([
      null,
      null,
      null,
    ]);
    expect([sql.lt("a", 1), sql.lt(sql.num("1"), "a"), sql.add(null, sql.num(1))]).toEqual([
      null,
      null,
      null,
    ]);
    expect([sql.num(null), sql.timeOfDay(undefined), sql.timestamp(3), sql.length(null)]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(sql.lt(sql.timestamp("nonsense"), sql.timestamp("2024-01-01"))).toBe(null);
    expect([sql.lower(null), sql.matches(null, /a/u), sql.contained(null, [])]).toEqual([
      null,
      null,
      null,
    ]);
  });

  test("implement three-valued logic", () => {
    expect([sql.allOf(true, null), sql.allOf(false, null), sql.allOf(true, true)]).toEqual([
      null,
      false,
      true,
    ]);
    expect([sql.anyOf(true, null), sql.anyOf(false, null), sql.anyOf(false, false)]).toEqual([
      true,
      null,
      false,
    ]);
    expect([sql.not(true), sql.not(false), sql.not(null)]).toEqual([false, true, null]);
    expect([sql.oneOf("a", "b", "a"), sql.oneOf("c", "a"), sql.oneOf(null, "a")]).toEqual([
      true,
      false,
      null,
    ]);
    expect([sql.eq(true, true), sql.eq(true, false), sql.ne(true, false)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test("implement counting, coalescing and text functions", () => {
    expect(sql.eq(sql.countKnown(null, "a", undefined, 0), sql.num(2))).toBe(true);
    expect(sql.coalesce(null, undefined, "a")).toBe("a");
    expect(sql.eq(sql.length("😀b"), sql.num(2))).toBe(true);
    expect(sql.eq(sql.length([1, 2, 3]), sql.num(3))).toBe(true);
    expect([sql.upper("a"), sql.lower("A"), sql.trim("  a ")]).toEqual(["A", "a", "a"]);
    expect([sql.contained(["a"], ["a", "b"]), sql.contained(["c"], ["a"])]).toEqual([true, false]);
    expect(sql.matches("ab", /^a/u)).toBe(true);
    expect([sql.isNull(null), sql.isNull(undefined), sql.isNull(0)]).toEqual([true, true, false]);
  });
});
