import { describe, expect, it } from "vitest";
import { ProblemError } from "../../api/problem";
import type { AnyRow, Referrer } from "../../api/table";
import type { FieldInfo } from "../page";
import { childDrafts } from "../several";
import { ani, pupils } from "../testing/pupils";
import {
  canAddRows,
  checkGrid,
  copiedDown,
  gridColumns,
  isChanged,
  newRow,
  pasted,
  rejectedCells,
  storedRow,
  withBlank,
  withDraft,
} from "./grid-rows";

const OF_SCHOOL: Referrer = {
  table: "pupils",
  reference: "age",
  fields: ["age"],
  targetFields: ["id"],
};
const columns = gridColumns(pupils, OF_SCHOOL);
const child = childDrafts(pupils, OF_SCHOOL, { id: 7 });
const stored = (): AnyRow => pupils.table.parse(ani);
const at = (name: string): FieldInfo => columns.find((field) => field.name === name) ?? fail(name);
const fail = (name: string): never => {
  throw new Error(name);
};

describe("a grid", () => {
  it("has a column for what the list shows and what a new row needs", () => {
    expect(columns.map(({ name }) => name)).toEqual(["name", "fee", "level", "born_on"]);
    expect(canAddRows(pupils, OF_SCHOOL)).toBe(true);
  });

  it("keeps one untouched row at its end", () => {
    const rows = withBlank([], child.drafts);
    expect(rows).toHaveLength(1);
    expect(withBlank(rows, child.drafts)).toBe(rows);
    const [first] = rows;
    const entered = withDraft(rows, first?.id ?? "", "name", "Budi");
    expect(withBlank(entered, child.drafts)).toHaveLength(2);
    expect(withBlank(entered, child.drafts).map(isChanged)).toEqual([true, false]);
  });

  it("takes a pasted table, and adds rows for it", () => {
    const rows = [storedRow("1", stored(), columns)];
    const cells = [
      ["20", "beginner"],
      ["30", "far_on"],
    ];
    const result = pasted(rows, columns, { row: 0, column: 1 }, cells, child.drafts);
    expect(result.map(({ drafts }) => [drafts.fee, drafts.level])).toEqual(cells);
    expect(result[1]?.base).toBeUndefined();
    expect(pasted(rows, columns, { row: 0, column: 1 }, cells, undefined)).toHaveLength(1);
  });

  it("does not change fields of stored rows that cannot be changed", () => {
    const fixed = columns.map((field) => ({ ...field, changeable: false }));
    const rows = [storedRow("1", stored(), columns)];
    expect(pasted(rows, fixed, { row: 0, column: 0 }, [["Budi"]], undefined)).toEqual(rows);
  });

  it("copies a cell down to all rows but the blank one", () => {
    const rows = [
      newRow(child.drafts, { name: "Ani", born_on: "2019-01-01" }),
      newRow(child.drafts, { name: "Budi" }),
      newRow(child.drafts),
    ];
    const result = copiedDown(rows, 0, at("born_on"));
    expect(result.map(({ drafts }) => drafts.born_on)).toEqual(["2019-01-01", "2019-01-01", ""]);
  });

  it("sends what was entered and changed", () => {
    const before = storedRow("1", stored(), columns);
    const rows = [
      { ...before, drafts: { ...before.drafts, fee: "15" } },
      storedRow("2", stored(), columns),
      newRow(child.drafts, { name: "Budi", fee: "10", born_on: "2019-01-01" }),
      newRow(child.drafts),
    ];
    const { added, changed, messages } = checkGrid(pupils, child, columns, rows);
    expect(messages).toEqual({});
    expect(changed.map(({ values }) => values)).toEqual([{ fee: "15" }]);
    expect(added.map(({ values }) => values)).toEqual([
      { name: "Budi", age: 7, fee: "10", born_on: "2019-01-01", level: "beginner", active: true },
    ]);
  });

  it("reports what is wrong at its cell", () => {
    const row = newRow(child.drafts, { name: "Budi", fee: "much", born_on: "2019-01-01" });
    expect(checkGrid(pupils, child, columns, [row]).messages).toEqual({
      [row.id]: { fee: "Fee must be a number" },
    });
  });

  it("shows the errors of the server at their cells, and others at the row", () => {
    const row = newRow(child.drafts, { name: "Budi" });
    const error = (field: string, message: string) => ({ field, code: "", message });
    const problem = new ProblemError(409, "Conflict", "", [
      error("0.changes.name", "is already taken"),
      error("0.age", "does not exist"),
      error("0", "is too late"),
    ]);
    expect(rejectedCells(pupils, problem, columns, [{ row, values: {} }])).toEqual({
      [row.id]: { name: "Name is already taken", "": "Age does not exist; is too late" },
    });
  });
});
