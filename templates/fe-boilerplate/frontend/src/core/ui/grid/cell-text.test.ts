import { describe, expect, it } from "vitest";
import type { FieldInfo } from "../page";
import { pupils } from "../testing/pupils";
import { cellText, readCell, readTable } from "./cell-text";

const field = (name: string, change: Partial<FieldInfo> = {}): FieldInfo => {
  const found = pupils.byName.get(name);
  if (!found) throw new Error(name);
  return { ...found, ...change };
};

describe("cells", () => {
  it.each([
    ["born_on", "3/1/2019", "2019-03-01"],
    ["born_on", "2019-03-01", "2019-03-01"],
    ["born_on", "yesterday", "yesterday"],
    ["seen_at", "03/01/2019 7:05 am", "2019-03-01T07:05"],
    ["level", "Far on", "far_on"],
    ["level", "BEGINNER", "beginner"],
    ["level", "expert", "expert"],
    ["fee", "1,250.50", "1250.50"],
    ["active", "Yes", true],
    ["active", "0", false],
    ["active", "", false],
    ["name", "  Ani ", "Ani"],
  ])("of %s read %s", (name, text, draft) => {
    expect(readCell(field(name), text)).toBe(draft);
  });

  it("read times with one digit for the hour", () => {
    const time = field("name", { kind: "time" });
    expect(["7:05", "7.05", "12:30", "noon"].map((text) => readCell(time, text))).toEqual([
      "07:05",
      "07:05",
      "12:30",
      "noon",
    ]);
  });

  it("show dates in the format of the locale, and other text as it is", () => {
    expect(cellText(field("born_on"), "2019-03-01")).toBe("03/01/2019");
    expect(cellText(field("born_on"), "31/31")).toBe("31/31");
    expect(cellText(field("seen_at"), "2019-03-01T07:05")).toBe("03/01/2019 7:05 AM");
    expect(cellText(field("active"), true)).toBe("true");
    expect(cellText(field("age"), "")).toBe("");
  });
});

describe("a copied table", () => {
  it("has rows and cells, of which quoted ones may have line breaks", () => {
    expect(readTable('a\tb\r\n"two\nlines ""x"""\t\n\n')).toEqual([
      ["a", "b"],
      ['two\nlines "x"', ""],
    ]);
  });

  it("may be one cell or a column", () => {
    expect(readTable("a")).toEqual([["a"]]);
    expect(readTable("a\nb\n")).toEqual([["a"], ["b"]]);
  });
});
