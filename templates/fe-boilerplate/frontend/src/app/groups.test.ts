import { expect, test } from "vitest";
import { type Entry, grouped } from "./groups";

const tables = [
  { name: "students", label: "Students", group: "Main" },
  { name: "fees", label: "Fees", group: "Money" },
  { name: "classes", label: "Classes", group: "Main" },
] as unknown as readonly Entry[];

function names(wanted?: string) {
  return grouped(tables, wanted).map((group) => [
    group.name,
    group.entries.map((entry) => entry.name),
  ]);
}

test("tables stand in their groups, in the order that they came in", () => {
  expect(names()).toEqual([
    ["Main", ["students", "classes"]],
    ["Money", ["fees"]],
  ]);
});

test("a part of a label finds a table, in any case", () => {
  expect(names(" STUD ")).toEqual([["Main", ["students"]]]);
  expect(names("nothing")).toEqual([]);
});
