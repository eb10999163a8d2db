import { expect, test } from "vitest";
import { type Entry, grouped } from "./groups";

const tables = [
  { name: "students", label: "Students", group: "Main" },
  { name: "fees", label: "Fees", group: "Money" },
  { name: "classes", label: "Classes", group: "Main" },
] as unknown as readonly Entry[];

function names(search?: string) {
  return grouped(tables, search).map((group) => [
    group.name,
    group.entries.map((entry) => entry.name),
  ]);
}

test("tables are grouped in their original order", () => {
  expect(names()).toEqual([
    ["Main", ["students", "classes"]],
    ["Money", ["fees"]],
  ]);
});

test("tables are filtered by a part of their label, ignoring case", () => {
  expect(names(" STUD ")).toEqual([["Main", ["students"]]]);
  expect(names("nothing")).toEqual([]);
});
