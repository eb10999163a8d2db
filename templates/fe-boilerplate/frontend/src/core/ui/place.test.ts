import { describe, expect, it } from "vitest";
import { FIRST, movedPlace, placeOf, placeQuery } from "./place";

const list = { items: [{}], next: "n", previous: "p" };
const third = { page: 3, after: "x", before: undefined };

describe("the place of another page", () => {
  it("has a cursor if the page is a neighbour", () => {
    expect(placeOf(4, third, list)).toEqual({ page: 4, after: "n" });
    expect(placeOf(2, third, list)).toEqual({ page: 2, before: "p" });
  });

  it("has none if the page is another, the first, or the displayed page is still loading", () => {
    expect(placeOf(9, third, list)).toEqual({ page: 9 });
    expect(placeOf(1, { page: 2 }, list)).toEqual(FIRST);
    expect(placeOf(4, third, undefined)).toEqual({ page: 4 });
    expect(placeOf(4, third, { ...list, next: null })).toEqual({ page: 4 });
  });
});

it("a page is requested by its cursor or by its number", () => {
  expect(placeQuery(third, 25)).toEqual({ limit: 25, after: "x" });
  expect(placeQuery({ page: 2, before: "y" }, 25)).toEqual({ limit: 25, before: "y" });
  expect(placeQuery({ page: 3 }, 25)).toEqual({ limit: 25, offset: 50 });
});

describe("a place whose rows were deleted", () => {
  const empty = { items: [], next: null, previous: null };

  it("is replaced by the page with its number, or by the last page", () => {
    expect(movedPlace(third, empty, 9)).toEqual({ page: 3 });
    expect(movedPlace(third, empty, 2)).toEqual({ page: 2 });
    expect(movedPlace({ page: 9 }, empty, 1)).toEqual(FIRST);
  });

  it("is replaced by the first page if no row precedes it", () => {
    const previous = { page: 4, before: "y" };
    expect(movedPlace(previous, { ...list, previous: null }, 9)).toEqual(FIRST);
    expect(movedPlace(previous, list, 9)).toBeUndefined();
  });
});
