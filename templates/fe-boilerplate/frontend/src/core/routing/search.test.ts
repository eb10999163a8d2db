import { expect, test } from "vitest";
import { parseSearch, stringifySearch } from "./search";

test("values stay texts: long numbers keep every digit", () => {
  expect(parseSearch("?id=9007199254740993&active=true")).toEqual({
    id: "9007199254740993",
    active: "true",
  });
});

test("what is written is read again", () => {
  const search = { q: "a & b=c", status: "in progress", sort: "-name,id" };
  expect(parseSearch(stringifySearch(search))).toEqual(search);
});

test("what has no value is left out", () => {
  expect(stringifySearch({ q: "", page: undefined, size: 50 })).toBe("?size=50");
  expect(stringifySearch({})).toBe("");
});
