import { describe, expect, it } from "vitest";
import { labelOfChoice } from "./fields";
import { formatText, lowerFirst } from "./formats";
import { keyText, readKey } from "./keys";
import { stepped } from "./number-field";
import type { FieldInfo, Nav } from "./page";
import { problemText } from "./problem-text";
import { arrange, groupName } from "./registry";
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

it("formats choices and labels", () => {
  expect(["on_leave", "SMA", "L", "islam"].map((value) => labelOfChoice({}, value))).toEqual([
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

it("formats an error message as a sentence about its field", () => {
  expect(problemText(pupils, field("name"), "is required")).toBe("Name is required");
  expect(problemText(pupils, field("name"), "Choose a name.")).toBe("Choose a name.");
  const plain = "`left_on` and `born_on` do not fit together";
  expect(problemText(pupils, field("name"), plain)).toBe("Left on and Born on do not fit together");
  const rule = "`left_on` is needed when `level` is 'far_on' or `name` is 'far_on'";
  expect(problemText(pupils, field("name"), rule)).toBe(
    "Left on is needed when Level is Far on or Name is Far on",
  );
});

it("serializes composite keys so that they can be parsed again", () => {
  const key = ["a,b/c", "12", "100%"];
  expect(readKey(keyText(key))).toEqual(key);
  expect(readKey("50%")).toEqual(["50%"]);
});

it("increments a number without losing digits", () => {
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
    path: `/${label}`,
    family,
    ...more,
  });

  it("groups families, links and partitions", () => {
    const found = arrange([
      nav("Logs 2024", "Logs", { isPartition: true }),
      nav("Pupil teams", "Pupils", { isLink: true }),
      nav("Fee payments", "Fees"),
      nav("Teams", "Teams"),
      nav("Fees", "Fees"),
      nav("Pupils", "Pupils"),
    ]);
    expect(found.map(({ group, label }) => `${groupName(group)}: ${label}`)).toEqual([
      "Main: Pupils",
      "Main: Teams",
      "Fees: Fee payments",
      "Fees: Fees",
      "Links: Pupil teams",
      "Partitions: Logs 2024",
    ]);
  });
});
