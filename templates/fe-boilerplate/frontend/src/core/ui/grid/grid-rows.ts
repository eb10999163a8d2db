/** The rows of an editable grid: entered, changed, pasted, checked, and what of them to send. Pure functions. */

import type { ProblemError } from "../../api/problem";
import type { AnyRow, Referrer } from "../../api/table";
import { type Drafts, differs, draftOf, formSchema, isList, type Values } from "../form-values";
import type { AnyPage, Draft, FieldInfo, Kind } from "../page";
import { type childDrafts, messageOf } from "../several";

/** A row as it is edited. A new row has no `base`. */
export interface GridRow {
  readonly id: string;
  readonly base?: AnyRow;
  readonly initial: Drafts;
  readonly drafts: Drafts;
}

/** Messages by row and field; those about a row as a whole have the field `""`. */
export type CellMessages = Readonly<Record<string, Readonly<Record<string, string>>>>;

const NOT_IN_CELLS: ReadonlySet<Kind> = new Set(["json", "bytes", "array"]);

/** Return the fields of the columns: those that the list shows or that a new row needs, without the parent's. */
export function gridColumns(page: AnyPage, referrer: Referrer): readonly FieldInfo[] {
  const isShown = (field: FieldInfo) => page.columns.includes(field.name) || isNeeded(field);
  return page.fields.filter(
    (field) =>
      field.schema && !referrer.fields.includes(field.name) && isShown(field) && isCell(field),
  );
}

/** Whether new rows can be entered in a grid: all that they need has a column. */
export function canAddRows(page: AnyPage, referrer: Referrer): boolean {
  const needed = page.fields.filter(
    (field) => isNeeded(field) && !referrer.fields.includes(field.name),
  );
  return page.table.writable && needed.every(isCell);
}

function isNeeded(field: FieldInfo): boolean {
  return (
    field.schema !== undefined && !field.nullable && !field.optional && field.kind !== "boolean"
  );
}

function isCell(field: FieldInfo): boolean {
  const isComposite = field.leadsTo !== undefined && field.reference === undefined;
  return (
    !NOT_IN_CELLS.has(field.kind) && !isList(field) && !isComposite && field.format !== "secret"
  );
}

/** Return the row of an existing row of the table. */
export function storedRow(id: string, base: AnyRow, columns: readonly FieldInfo[]): GridRow {
  const drafts = Object.fromEntries(
    columns.map((field) => [field.name, draftOf(field, base[field.name])]),
  );
  return { id, base, initial: drafts, drafts };
}

let last = 0;

/** Return a new row with its initial drafts, of which `entered` differ from them. */
export function newRow(initial: Drafts, entered: Drafts = {}): GridRow {
  last += 1;
  return { id: `new ${last}`, initial, drafts: { ...initial, ...entered } };
}

export function isChanged({ initial, drafts }: GridRow): boolean {
  return Object.keys(drafts).some((name) => differs(drafts[name], initial[name]));
}

/** Whether a cell cannot be edited: a stored row of which the field cannot be changed. */
export function isFixed(row: GridRow, field: FieldInfo): boolean {
  return row.base !== undefined && !field.changeable;
}

/** Return the rows with an untouched new one at the end. */
export function withBlank(rows: readonly GridRow[], initial: Drafts): readonly GridRow[] {
  const end = rows.at(-1);
  return end && !end.base && !isChanged(end) ? rows : [...rows, newRow(initial)];
}

/** Return the rows with another draft in one cell. */
export function withDraft(
  rows: readonly GridRow[],
  id: string,
  name: string,
  draft: Draft,
): readonly GridRow[] {
  return rows.map((row) =>
    row.id === id ? { ...row, drafts: { ...row.drafts, [name]: draft } } : row,
  );
}

/** Return the rows with a cell copied into the same column of all rows below it, except the blank one at the end. */
export function copiedDown(
  rows: readonly GridRow[],
  from: number,
  field: FieldInfo,
): readonly GridRow[] {
  const draft = rows[from]?.drafts[field.name];
  if (draft === undefined) return rows;
  return rows.map((row, index) => {
    const isBelow = index > from && !isFixed(row, field) && (row.base || isChanged(row));
    return isBelow ? { ...row, drafts: { ...row.drafts, [field.name]: draft } } : row;
  });
}

/** Return the rows with drafts put into the cells from one on to the right and down; rows are added as needed. */
export function pasted(
  rows: readonly GridRow[],
  columns: readonly FieldInfo[],
  at: { readonly row: number; readonly column: number },
  cells: readonly (readonly Draft[])[],
  initial: Drafts | undefined,
): readonly GridRow[] {
  const missing = initial ? Math.max(at.row + cells.length - rows.length, 0) : 0;
  const all = [...rows, ...Array.from({ length: missing }, () => newRow(initial ?? {}))];
  return all.map((row, index) => {
    const drafts = cells[index - at.row] ?? [];
    const entered = drafts.flatMap((draft, offset) => {
      const field = columns[at.column + offset];
      return field && !isFixed(row, field) ? [[field.name, draft] as const] : [];
    });
    return entered.length > 0
      ? { ...row, drafts: { ...row.drafts, ...Object.fromEntries(entered) } }
      : row;
  });
}

interface Sent {
  readonly row: GridRow;
  readonly values: Values;
}

/** What to send: the new rows, the changes of stored ones, and the messages of what is invalid. */
export interface CheckedGrid {
  readonly added: readonly Sent[];
  readonly changed: readonly (Sent & { readonly base: AnyRow })[];
  readonly messages: CellMessages;
}

/** Check all rows that were entered or changed. */
export function checkGrid(
  page: AnyPage,
  child: ReturnType<typeof childDrafts>,
  columns: readonly FieldInfo[],
  rows: readonly GridRow[],
): CheckedGrid {
  const added: Sent[] = [];
  const changed: (Sent & { base: AnyRow })[] = [];
  const messages: Record<string, Record<string, string>> = {};
  const editable = columns.filter(({ changeable }) => changeable);
  for (const row of rows.filter(isChanged)) {
    const { base } = row;
    const schema = base
      ? formSchema(page, editable, row.initial, base)
      : formSchema(page, child.fields, child.drafts);
    const result = schema.safeParse(row.drafts);
    if (!result.success) {
      const texts = result.error.issues.map(({ path, message }) => {
        const name = String(path[0]);
        return [name, messageOf(page, name, message)] as const;
      });
      messages[row.id] = atColumns(columns, texts);
    } else if (base) changed.push({ row, base, values: result.data });
    else added.push({ row, values: result.data });
  }
  return { added, changed, messages };
}

/** Return the messages of a rejected bulk request by row and field. */
export function rejectedCells(
  page: AnyPage,
  problem: ProblemError,
  columns: readonly FieldInfo[],
  sent: readonly Sent[],
): CellMessages {
  return Object.fromEntries(
    [...problem.byRow()].flatMap(([index, errors]) => {
      const row = sent[index]?.row;
      const texts = errors.map(
        ({ field, message }) =>
          [field.split(".")[0] ?? "", messageOf(page, field, message)] as const,
      );
      return row ? [[row.id, atColumns(columns, texts)]] : [];
    }),
  );
}

/** Return messages by the field of a column; the others are about the row as a whole. */
function atColumns(
  columns: readonly FieldInfo[],
  texts: readonly (readonly [name: string, text: string])[],
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, text] of texts) {
    const column = columns.some((field) => field.name === name) ? name : "";
    if (!found[column]?.includes(text))
      found[column] = found[column] ? `${found[column]}; ${text}` : text;
  }
  return found;
}
