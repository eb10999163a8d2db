import { expect, it } from "vitest";
import { formatRange, formatRows, formatTotal, pageCount } from "./totals";

const list = (total: number | null, precision: "exact" | "at_least" | "estimated", next = "x") => ({
  items: [{}],
  total,
  precision,
  next: next || null,
  offset: null as number | null,
});

it("shows how precise a total is", () => {
  expect(formatRows(list(1, "exact"))).toBe("1 row");
  expect(formatRows(list(10_000, "at_least"))).toBe("10,000+ rows");
  expect(formatTotal(list(2_000_000, "estimated"))).toBe("≈ 2,000,000");
});

it("shows which rows are displayed, from the end of the list on its last page", () => {
  expect(formatRange(list(10_000, "at_least"), 401, 25)).toBe("10,001–10,001 of 10,000+");
  expect(formatRange(list(51, "exact"), 2, 25)).toBe("26–26 of 51");
  expect(formatRange(list(51, "exact", ""), 4, 25)).toBe("51–51 of 51");
  expect(formatRange({ ...list(0, "exact", ""), items: [] }, 1, 25)).toBe("");
});

it("counts the pages of an exact total", () => {
  expect(pageCount({ ...list(0, "exact", ""), items: [] }, 1, 25)).toBe(1);
  expect(pageCount(list(26, "exact", ""), 2, 25)).toBe(2);
  expect(pageCount(list(26, "exact"), 2, 25)).toBe(3); // rows were added before the cursor
});

it("leads beyond a total that is not exact, page by page", () => {
  expect(pageCount(list(10_000, "at_least"), 1, 25)).toBe(400);
  expect(pageCount(list(10_000, "at_least"), 400, 25)).toBe(401);
  expect(pageCount(list(10_000, "at_least", ""), 512, 25)).toBe(512);
  expect(pageCount({ ...list(10_000, "at_least", ""), items: [] }, 999, 25)).toBe(400);
});

it("leads beyond it in a table without a primary key, which has no cursors", () => {
  expect(pageCount({ ...list(10_000, "at_least", ""), offset: 9_975 }, 400, 25)).toBe(401);
});
