import { describe, expect, test } from "vitest";
import { array, decimal, float, int32, int64, json, text } from "./fields";
import { ExactNumber, isJson, readJson, writeJson } from "./json";
import { fromWire, toWire } from "./wire";

describe("JSON", () => {
  test("preserves every digit in both directions", () => {
    const source = '{"big":9223372036854775807,"long":0.12345678901234567891,"small":1.5}';
    expect(writeJson(readJson(source))).toBe(source);
    expect(readJson("9007199254740993")).toEqual(new ExactNumber("9007199254740993"));
    expect(readJson("12")).toBe(12);
  });

  test.each([
    "[1, 9007199254740993]",
    '{"a":{"b":-9007199254740993}}',
    '{"a":[0.12345678901234567891]}',
    "[1e400]",
    "[12E+400]",
  ])("preserves every digit of %s, wherever the number is", (source) => {
    expect(writeJson(readJson(source))).toBe(source.replaceAll(" ", ""));
  });

  test("omits undefined properties", () => {
    expect(writeJson({ a: undefined, b: null })).toBe('{"b":null}');
  });

  test("that is malformed throws an error", () => {
    expect(() => readJson("{")).toThrow(SyntaxError);
  });

  test.each([[null], ["a"], [1], [true], [[1, { a: [] }]], [new ExactNumber("1e400")]])(
    "can represent %j",
    (value) => {
      expect(isJson(value)).toBe(true);
    },
  );

  test.each([[undefined], [Number.NaN], [() => 1], [[undefined]], [Symbol("a")]])(
    "cannot represent %s",
    (value) => {
      expect(isJson(value)).toBe(false);
    },
  );
});

describe("values in requests and responses", () => {
  const shape = {
    id: int64(),
    ids: array(array(int64())).nullable(),
    count: int32(),
    price: decimal(),
    ratio: float().nullish(),
    name: text().optional(),
    data: json(),
  };

  test("are sent as numbers with all digits where the server expects numbers", () => {
    const sent = toWire(shape, {
      id: "9223372036854775807",
      ids: [["1", "-9223372036854775808"]],
      count: 3,
      price: "12345678901234567890.10",
      name: undefined,
      data: { big: new ExactNumber("9007199254740993") },
    });
    expect(writeJson(sent)).toBe(
      '{"id":9223372036854775807,"ids":[[1,-9223372036854775808]],"count":3,' +
        '"price":"12345678901234567890.10","data":{"big":9007199254740993}}',
    );
  });

  test("are received as text where every digit matters", () => {
    const body = readJson(
      '{"id":9223372036854775807,"ids":[[1]],"count":3,"price":"0.10","ratio":0.1234567890123456789}',
    );
    expect(fromWire(shape, body)).toEqual({
      id: "9223372036854775807",
      ids: [["1"]],
      count: 3,
      price: "0.10",
      ratio: 0.12345678901234568,
    });
    expect(fromWire(shape, { ids: null, other: 1 })).toEqual({ ids: null, other: 1 });
  });
});
