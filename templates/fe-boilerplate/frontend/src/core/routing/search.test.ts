import { expect, test } from "vitest";
import { parseSearch, stringifySearch } from "./search";

test("values are strings, so long numbers keep every digit", () => {
  expect(parseSearch("?id=9007199254740993&active=true")).toEqual({
    id: "9007199254740993",
    active: "true",
  });
});

test("a serialized query can be parsed again", () => {
  const search = { q: "a & b=c", status: "in progress", sort: "-name,id" };
  expect(parseSearch(stringifySearch(search))).toEqual(search);
});

test("empty values are omitted", () => {
  expect(stringifySearch({ q: "", page: undefined, size: 50 })).toBe("?size=50");
  expect(stringifySearch({})).toBe("");
});
