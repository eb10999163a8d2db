import { expect, test } from "vitest";
import type { Group } from "../../core/api/groups";
import { pupils } from "../../core/ui/testing/pupils";
import { barsOf, rangeOf } from "./bars";

const fieldOf = (name: string) => {
  const field = pupils.byName.get(name);
  if (!field) throw new Error(name);
  return field;
};

const group = (value: Group["value"], count: number, label: string | null = null): Group => ({
  value,
  label,
  count,
  filters: { a__eq: String(value) },
});

test("values have their labels, and the number of rows with its noun", () => {
  const items = [group("far_on", 2), group(null, 1)];
  const bars = barsOf({ items, others: 0 }, pupils.nav, fieldOf("level"));
  expect(bars.map(({ label, rows }) => [label, rows])).toEqual([
    ["Far on", "2 pupils"],
    ["Empty", "1 pupil"],
  ]);
  expect(bars[0]?.filters).toEqual({ a__eq: "far_on" });
});

test("references have the labels of their rows, or else their keys", () => {
  const items = [group(7, 2, "Ani"), group(8, 1)];
  const labels = barsOf({ items, others: 0 }, pupils.nav, fieldOf("id")).map(({ label }) => label);
  expect(labels).toEqual(["Ani", "8"]);
});

test("the rows of further groups are together, without filters", () => {
  const bars = barsOf({ items: [group("far_on", 2)], others: 5 }, pupils.nav, fieldOf("level"));
  expect(bars.at(-1)).toMatchObject({ label: "Others", count: 5, filters: undefined });
});

test("periods are named by their unit, and by the time that they cover together", () => {
  const name = (unit: "day" | "week" | "month") => {
    const groups = { items: [group("2026-11-30", 1)], others: 0 };
    const [bar] = barsOf(groups, pupils.nav, fieldOf("born_on"), unit);
    return [bar?.label, bar?.tick, rangeOf(groups, unit)].map((text) => text?.replace(/\s/g, " "));
  };
  expect(name("day")).toEqual(["Nov 30, 2026", "Nov 30", "Nov 30, 2026"]);
  expect(name("week")).toEqual(["Nov 30 – Dec 6, 2026", "Nov 30", "Nov 30 – Dec 6, 2026"]);
  expect(name("month")).toEqual(["November 2026", "Nov", "Nov 2026"]);
});
