import { expect, it } from "vitest";
import { formatRows, formatTotal, pageCount } from "./totals";

const list = (total: number | null, precision: "exact" | "at_least" | "estimated", next = "x") => ({
  items: [{}],
  total,
  precision,
  next: next || null,
});

it("shows how precise a total is", () => {
  expect(formatRows(list(1, "exact"))).toBe("1 row");
  expect(formatRows(list(10_000, "at_least"))).toBe("10,000+ rows");
  expect(formatTotal(list(2_000_000, "estimated"))).toBe("≈ 2,000,000");
});

it("counts the pages of an exact total", () => {
  expect(pageCount(list(0, "exact"), 1, 25)).toBe(1);
  expect(pageCount(list(26, "exact"), 1, 25)).toBe(2);
});

it("leads beyond a total that is not exact, page by page", () => {
  expect(pageCount(list(10_000, "at_least"), 1, 25)).toBe(400);
  expect(pageCount(list(10_000, "at_least"), 400, 25)).toBe(401);
  expect(pageCount(list(10_000, "at_least", ""), 512, 25)).toBe(512);
  expect(pageCount({ ...list(10_000, "at_least", ""), items: [] }, 999, 25)).toBe(400);
});
