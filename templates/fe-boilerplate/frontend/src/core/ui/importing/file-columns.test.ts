import { describe, expect, it } from "vitest";
import type { FileColumns } from "../../api/imports";
import { describeFields } from "../fields";
import type { AnyPage } from "../page";
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

/** The pupils, with some labels in two languages. */
const bilingual = ((): AnyPage => {
  const fields = describeFields(
    pupils.table,
    {
      name: { label: { en: "Name", id: "Nama" } },
      fee: { label: { en: "Fee", id: "Name" } },
      born_on: { label: { en: "Born on", id: "Tanggal" } },
      left_on: { label: { en: "Left on", id: "Tanggal" } },
      level: {
        label: "Level",
        values: { beginner: { en: "New", id: "Pemula" }, far_on: "Beginner" },
      },
    },
    {},
  );
  return { ...pupils, fields, byName: new Map(fields.map((field) => [field.name, field])) };
})();

describe("the columns of a file", () => {
  it("are matched by labels of other languages where no column has that of the interface", () => {
    const names = (...titles: readonly string[]) => {
      const found = { ...file(...titles), fields: ["name", "fee", "born_on", "left_on", "level"] };
      return matchColumns(bilingual, found).map((field) => field?.name);
    };
    expect(names("nama", "Fee")).toEqual(["name", "fee"]);
    expect(names("Nama", "Name")).toEqual([undefined, "name"]);
    expect(names("Nama", "Biaya")).toEqual(["name", undefined]);
    expect(names("Tanggal", "")).toEqual([undefined, undefined]); // of two fields
  });

  it("have choices with the labels of all languages, unless they are values", () => {
    const mapping = matchColumns(bilingual, file("Level"));
    expect(readingOf(mapping, "en").choices).toEqual({
      level: { New: "beginner", Pemula: "beginner" },
    });
  });

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
