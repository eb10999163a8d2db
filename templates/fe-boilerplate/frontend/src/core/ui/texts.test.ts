import { describe, expect, it } from "vitest";
import { choiceLabel } from "./fields";
import { formatText, lowerFirst } from "./formats";
import { keyText, readKey } from "./keys";
import { stepped } from "./number-field";
import type { FieldInfo, Nav } from "./page";
import { tellProblem } from "./problem-text";
import { arrange } from "./registry";
import { pupils } from "./testing/pupils";

const field = (name: string) => pupils.byName.get(name) as FieldInfo;

it("formats values by their type", () => {
  const shown = (name: string, value: unknown) => formatText(field(name), value);
  expect(shown("age", null)).toBe("–");
  expect(shown("active", true)).toBe("Yes");
  expect(shown("level", "far_on")).toBe("Far on");
  expect(shown("tags", ["a", "b"])).toBe("a, b");
  expect(shown("fee", "12345678901234567890.5")).toMatch(/12.345.678.901.234.567.890.50/);
  expect(shown("born_on", "2018-03-01")).toMatch(/2018/);
});

it("says choices and labels as people do", () => {
  expect(["on_leave", "SMA", "L", "islam"].map(choiceLabel)).toEqual([
    "On leave",
    "SMA",
    "L",
    "Islam",
  ]);
  expect(["P5 project", "Student", "SMS"].map(lowerFirst)).toEqual([
    "P5 project",
    "student",
    "SMS",
  ]);
});

it("tells a problem as a sentence about its field", () => {
  expect(tellProblem(pupils, field("name"), "is required")).toBe("Name is required");
  expect(
    tellProblem(pupils, field("left_on"), "must satisfy left_on >= born_on OR name = 'age'"),
  ).toBe("Left on must satisfy: Left on ≥ Born on OR Name = 'age'");
});

it("writes keys of several parts so that they can be read again", () => {
  const key = ["a,b/c", "12", "100%"];
  expect(readKey(keyText(key))).toEqual(key);
  expect(readKey("50%")).toEqual(["50%"]);
});

it("steps a number without losing a digit", () => {
  expect(stepped("", 1n)).toBe("1");
  expect(stepped("0.50", -1n)).toBe("-0.50");
  expect(stepped("9007199254740993.25", 10n)).toBe("9007199254741003.25");
  expect(stepped("-1", 1n)).toBe("0");
  expect(stepped("abc", 1n)).toBe("abc");
});

describe("the navigation", () => {
  const nav = (label: string, family: string, more: Partial<Nav> = {}): Nav => ({
    name: label.toLowerCase(),
    label,
    labelSingular: label,
    family,
    ...more,
  });

  it("has families together, and links and partitions apart", () => {
    const found = arrange([
      nav("Logs 2024", "Logs", { isPartition: true }),
      nav("Pupil teams", "Pupils", { isLink: true }),
      nav("Fee payments", "Fees"),
      nav("Teams", "Teams"),
      nav("Fees", "Fees"),
      nav("Pupils", "Pupils"),
    ]);
    expect(found.map(({ group, label }) => `${group}: ${label}`)).toEqual([
      "Main: Pupils",
      "Main: Teams",
      "Fees: Fee payments",
      "Fees: Fees",
      "Links: Pupil teams",
      "Partitions: Logs 2024",
    ]);
  });
});
