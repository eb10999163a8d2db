import { describe, expect, it } from "vitest";
import { ProblemError } from "../../api/problem";
import type { AnyTable } from "../../api/table";
import type { AnyPage } from "../page";
import { pupils } from "../testing/pupils";
import { readCsv } from "./csv-text";
import { checkImport, matchColumns, missingFields, rejectedLines } from "./import-rows";

const check = (text: string, page: AnyPage = pupils) => {
  const table = readCsv(text);
  return checkImport(page, table, matchColumns(page, table.header));
};

describe("an import", () => {
  it("matches columns by name or label, each field once", () => {
    const mapping = matchColumns(pupils, ["NAME", "born_on", "Born on", "other"]);
    expect(mapping.map((field) => field?.name)).toEqual(["name", "born_on", undefined, undefined]);
    expect(missingFields(pupils, mapping).map(({ name }) => name)).toEqual(["fee"]);
  });

  it("reads values as they are written, and leaves empty ones to their defaults", async () => {
    const { bodies, errors } = await check(
      "name,fee,born_on,level,active,tags,age\nAni,1250.50,2019-03-01,Far on,no,a;b,\n",
    );
    expect(errors).toEqual([]);
    expect(bodies).toEqual([
      {
        name: "Ani",
        fee: "1250.50",
        born_on: "2019-03-01",
        level: "far_on",
        active: false,
        tags: ["a", "b"],
      },
    ]);
  });

  it("reports what is wrong by line and value", async () => {
    const { errors } = await check("name,fee,born_on\nAni,10,2019-03-01\nBudi,much,2019-03-01\n");
    expect(errors).toEqual([
      { line: 3, column: "Fee", value: "much", message: "Fee must be a number" },
    ]);
  });

  it("reports repeated values of which only one row can have each", async () => {
    const table = Object.create(pupils.table, { unique: { value: [["name"]] } }) as AnyTable;
    const text = "name,fee,born_on\nAni,10,2019-03-01\nAni,10,2019-03-01\n";
    const { errors } = await check(text, { ...pupils, table });
    expect(errors.map(({ line, message }) => [line, message])).toEqual([
      [3, "Name is the same as in line 2"],
    ]);
  });

  it("shows the errors of the server at their lines", () => {
    const { rows, header } = readCsv("name\n\nAni\n");
    const error = { field: "0.name", code: "", message: "is already taken" };
    const problem = new ProblemError(409, "Conflict", "", [error]);
    expect(rejectedLines(pupils, problem, matchColumns(pupils, header), rows)).toEqual([
      { line: 3, column: "Name", value: "Ani", message: "Name is already taken" },
    ]);
  });
});
