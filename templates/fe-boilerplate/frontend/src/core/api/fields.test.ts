import { describe, expect, test } from "vitest";
import type { z } from "zod";
import * as f from "./fields";
import { ExactNumber } from "./json";
import { factsOf, fieldKind, isNullable, isOptional, operatorsOf } from "./kinds";

/** Return the error message for a value; undefined for a valid value. */
function errorFor(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message;
}

type Case = readonly [name: string, schema: z.ZodType, valid: unknown[], invalid: unknown[]];

const cases: Case[] = [
  ["text", f.text(), ["", "a", "😀"], [1, null, "a\0", "\ud800"]],
  ["short text", f.text({ min: 2, max: 3 }), ["ab", "😀😀😀"], ["a", "abcd", "😀"]],
  ["a pattern", f.text({ pattern: /^[0-9]{3}$/u }), ["123"], ["12", "1234", "12a"]],
  ["int16", f.int16({ ge: 1 }), [1, 32767], [0, 32768, 1.5, "1", Number.NaN]],
  ["int32", f.int32(), [-2147483648, 2147483647], [2147483648, -2147483649]],
  ["int64", f.int64(), ["-9223372036854775808", "9223372036854775807", "0"], [1, "", "1.0", "a"]],
  ["int64 out of range", f.int64(), [], ["9223372036854775808", "-9223372036854775809"]],
  [
    "int64 with bounds",
    f.int64({ gt: "9007199254740992" }),
    ["9007199254740993"],
    ["9007199254740992"],
  ],
  ["float", f.float({ ge: 0, lt: 1.5 }), [0, 1.49], [-0.1, 1.5, "1", Number.POSITIVE_INFINITY]],
  ["numbers without digits", f.float(), ["NaN", "Infinity", "-Infinity"], ["nan", "+Infinity"]],
  ["decimals without digits", f.decimal({ digits: 3, places: 1 }), ["NaN", "Infinity"], ["nan"]],
  [
    "decimal",
    f.decimal(),
    ["1", "-1.50", "+.5", "12345678901234567890.12345"],
    ["", "1e5", "1,5", "-", ".", 1],
  ],
  [
    "decimal with places",
    f.decimal({ digits: 5, places: 2, ge: "0" }),
    ["999.99", "0", "00001.500"],
    ["1000", "0.001", "-0.01"],
  ],
  [
    "decimal without whole digits",
    f.decimal({ digits: 3, places: 5 }),
    ["0.00999"],
    ["1", "0.000001"],
  ],
  ["boolean", f.bool(), [true, false], ["true", 1]],
  ["date", f.date(), ["2024-02-29"], ["2023-02-29", "2024-1-1", "2024-01-01T00:00:00"]],
  [
    "far dates",
    f.date(),
    ["infinity", "-infinity", "0044-03-15 BC", "10000-01-01"],
    ["Infinity", "0044-03-15 AD"],
  ],
  ["time", f.time(), ["08:00", "23:59:59.123456", "24:00:00"], ["24:01", "8:00", "08:00Z"]],
  [
    "far timestamps",
    f.timestamp(),
    ["infinity", "0044-03-15 12:00:00+00 BC", "10000-01-01 00:00:00.5+00"],
    ["0044-03-15 12:00:00 BC"],
  ],
  [
    "timestamp",
    f.timestamp(),
    ["2024-01-31T08:00:00Z", "2024-01-31T08:00:00.5+07:00"],
    ["2024-01-31T08:00:00"],
  ],
  [
    "local timestamp",
    f.localTimestamp(),
    ["2024-01-31T08:00:00", "2024-01-31T08:00", "2024-02-29T08:00:00.123456"],
    ["2024-01-31T08:00:00Z", "2024-02-30T08:00:00", "2024-01-31"],
  ],
  [
    "interval",
    f.interval(),
    ["P1D", "-PT1.5S", "P1Y2M3DT4H5M6S", "P2W", "P-1M", "P1MT-4H", "infinity"],
    ["P", "PT", "1 day", "P1H"],
  ],
  [
    "span",
    f.span(),
    ["08:00", "100:00:00", "-838:59:59.999999", "8:05"],
    ["839:00:00", "08:60", "08:00:60", "PT8H", "100", "08:00:00.1234567"],
  ],
  [
    "uuid",
    f.uuid(),
    ["00000000-0000-4000-8000-000000000001", "ffffffff-0000-0000-0000-000000000000"],
    ["1"],
  ],
  ["bytes", f.bytes(), ["", "AAE="], ["A", "AA-_"]],
  [
    "json",
    f.json(),
    [{}, [1], "a", 0, false, new ExactNumber("1e400")],
    [null, undefined, Number.NaN],
  ],
  ["choice", f.choice(["a", "b"]), ["a"], ["c", "", null]],
  ["choice of numbers", f.intChoice([1, 2]), [1], [3, "1"]],
  ["array", f.array(f.int32()), [[], [1, null], [[1], [2]]], [["a"], "a"]],
  ["array of arrays", f.array(f.array(f.int32())), [[[1]], [1, null]], [["a"]]],
  ["native", f.native(), ["192.0.2.1"], [1, "\0"]],
];

describe.each(cases)("a field of type %s", (_name, schema, valid, invalid) => {
  test("accepts and rejects the same values as the server", () => {
    expect(valid.filter((value) => !schema.safeParse(value).success)).toEqual([]);
    expect(invalid.filter((value) => schema.safeParse(value).success)).toEqual([]);
  });
});

describe("the error message of a field", () => {
  test("says that a missing value is required", () => {
    for (const schema of [
      f.text({ min: 1 }),
      f.int32(),
      f.int64(),
      f.date(),
      f.choice(["a"]),
      f.json(),
    ]) {
      expect(errorFor(schema, undefined)).toBe("is required");
    }
    expect(errorFor(f.text({ min: 1 }), "")).toBe("is required");
    expect(errorFor(f.date(), "")).toBe("is required");
  });

  test("describes the violated bound", () => {
    expect(errorFor(f.text({ min: 3 }), "a")).toBe("must have at least 3 characters");
    expect(errorFor(f.text({ max: 1 }), "ab")).toBe("must have at most 1 character");
    expect(errorFor(f.text({ pattern: /^[0-9]{2}$/u, like: "12" }), "a")).toBe(
      "must have the same format as 12",
    );
    expect(errorFor(f.int16({ le: 12 }), 13)).toBe("must be 12 or less");
    expect(errorFor(f.decimal({ digits: 5, places: 2 }), "1.001")).toBe(
      "must have at most 2 decimal places",
    );
    expect(errorFor(f.decimal({ digits: 5, places: 2 }), "1000")).toBe(
      "must have at most 3 digits before the decimal point",
    );
    expect(errorFor(f.date(), "x")).toBe("must be a date");
  });
});

describe("the facts of a field", () => {
  test("are its kind and bounds, even if it is optional", () => {
    const field = f.text({ max: 3 }).nullish();
    expect(fieldKind(field)).toBe("text");
    expect(factsOf(field).bounds).toEqual({ max: 3 });
    expect([isNullable(field), isOptional(field)]).toEqual([true, true]);
    expect([isNullable(f.date().optional()), isOptional(f.date().nullable())]).toEqual([
      false,
      false,
    ]);
  });

  test("determine its filter operators", () => {
    expect(operatorsOf(f.bool())).toEqual(["eq", "ne", "in"]);
    expect(operatorsOf(f.int32().nullable())).toEqual([
      "eq",
      "ne",
      "in",
      "lt",
      "lte",
      "gt",
      "gte",
      "is_null",
    ]);
    expect(operatorsOf(f.textChoice(["a"]))).toContain("ilike");
    expect(operatorsOf(f.intChoice([1]))).toContain("gte");
    expect(operatorsOf(f.json())).toEqual([]);
    expect(operatorsOf(f.array(f.text()))).toEqual(["contains"]);
    expect(operatorsOf(f.array(f.array(f.json())).nullable())).toEqual(["is_null"]);
  });
});
