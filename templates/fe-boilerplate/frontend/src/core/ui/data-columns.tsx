import { Link } from "@tanstack/react-router";
import type { AnyRow } from "../api/table";
import classes from "./data-table.module.css";
import { FieldValue } from "./field-value";
import { isNumber } from "./fields";
import { formatText } from "./formats";
import { keyText } from "./keys";
import type { AnyPage } from "./page";
import type { Labels } from "./row-labels";
import { labelText } from "./use-labels";
import type { Slot } from "./virtual-slots";

/** Return the label of a column. */
export function labelFor(page: AnyPage, name: string): string {
  const extra = page.extraColumns.find((column) => column.name === name);
  return page.byName.get(name)?.label ?? extra?.label ?? name;
}

interface CellProps {
  readonly page: AnyPage;
  readonly row: AnyRow;
  readonly name: string;
  readonly labels: Labels;
}

interface ValueProps extends CellProps {
  /** Whether the value links to the page of the row. */
  readonly isLink: boolean;
}

/** The value of a row in a column. */
export function CellValue({ isLink, ...cell }: ValueProps) {
  const { page, row, name, labels } = cell;
  const field = page.byName.get(name);
  if (!field) return page.extraColumns.find((extra) => extra.name === name)?.render(row);
  if (isLink && page.table.key.length > 0) return <OwnLink {...cell} />;
  return <FieldValue field={field} row={row} labels={labels} />;
}

/** The first value of a row, as a link to the page of the row. */
function OwnLink({ page, row, name, labels }: CellProps) {
  const field = page.byName.get(name);
  const reference = field?.leadsTo;
  const value = field ? formatText(field, row[name]) : "";
  const text = reference ? labelText(labels, reference, row, value) : value;
  return (
    <Link
      className={classes.own}
      to="/$table/$key"
      params={{ table: page.nav.name, key: keyText(page.table.keyOf(row)) }}
    >
      {field?.render?.(row[name], row) ?? text}
    </Link>
  );
}

/** Return how the values of a column are aligned: amounts on the right. */
export function alignOf(page: AnyPage, name: string): "right" | undefined {
  const field = page.byName.get(name);
  const isAmount =
    field && isNumber(field.kind) && !field.leadsTo && !field.isKey && !field.choices;
  return isAmount ? "right" : undefined;
}

/** Return the width of a column in pixels, where its cells do not determine it: that of its label and buttons. */
export function widthOf(page: AnyPage, name: string, isFirst: boolean): number {
  const least = isFirst ? 220 : 150; // the first column names the row
  return Math.min(Math.max(labelFor(page, name).length * 9 + 72, least), 360);
}

/** The columns of a table, of which a large one renders those in view. */
export interface ShownColumns {
  readonly page: AnyPage;
  readonly columns: readonly string[];
  /** The columns to render. */
  readonly across: readonly Slot[];
  readonly isLarge: boolean;
  readonly canSelect: boolean;
}

/** Return the attributes that tell which column a cell belongs to, if not all are rendered. */
export function placeOf({ isLarge, canSelect }: ShownColumns, { index }: Slot) {
  if (!isLarge) return {};
  return { "data-column": index, "aria-colindex": index + (canSelect ? 2 : 1) };
}

/** Return the React key of a column. */
export function keyOf({ gap, index }: Slot): string {
  return gap === undefined ? String(index) : `before ${index}`;
}
