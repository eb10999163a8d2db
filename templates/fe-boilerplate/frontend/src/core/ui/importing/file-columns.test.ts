import { describe, expect, it } from "vitest";
import type { FileColumns } from "../../api/imports";
import { pupils } from "../testing/pupils";
import { matchColumns, missingFields, readingOf } from "./file-columns";

const file = (...titles: readonly string[]): FileColumns => ({
  columns: titles.map((title, at) => ({
    letters: "ABCDE"[at] ?? "",
    title,
    example: "",
    field: title === "born_on" ? "born_on" : null,
  })),
  fields: ["name", "fee", "born_on", "level"],
  required: ["name", "fee", "born_on"],
});

describe("the columns of a file", () => {
  it("are matched by label, or by the name that the server found, each field once", () => {
    const found = file("NAME", "born_on", "Born on", "other");
    const mapping = matchColumns(pupils, found);
    expect(mapping.map((field) => field?.name)).toEqual(["name", "born_on", undefined, undefined]);
    expect(missingFields(pupils, found, mapping).map(({ name }) => name)).toEqual(["fee"]);
  });

  it("are read as people write in their language", () => {
    const mapping = matchColumns(pupils, file("Name", "Level", "?"));
    const { columns, decimal, dates, choices } = readingOf(mapping, "id");
    expect({ columns, decimal, dates, choices }).toEqual({
      columns: ["name", "level", ""],
      decimal: ",",
      dates: "dmy",
      choices: {},
    });
    expect(readingOf(mapping, "en-US")).toMatchObject({ decimal: ".", dates: "mdy" });
    expect(readingOf(mapping, "sv")).toMatchObject({ decimal: ",", dates: "ymd" });
  });
});
