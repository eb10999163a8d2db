import { Checkbox, Table } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import {
  type ColumnDef,
  type RowSelectionState,
  rowSelectionFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { type ReactNode, useMemo } from "react";
import type { AnyRow } from "../api/table";
import classes from "./data-table.module.css";
import { FieldValue } from "./field-value";
import { isNumber } from "./fields";
import { formatText } from "./formats";
import { keyText } from "./keys";
import type { AnyPage } from "./page";
import type { Labels } from "./row-labels";
import { labelOf } from "./use-labels";

export type Selection = RowSelectionState;

interface Props {
  readonly page: AnyPage;
  readonly columns: readonly string[];
  readonly rows: readonly AnyRow[];
  readonly labels: Labels;
  readonly caption: string;
  /** Renders the header of a column; by default its label. */
  readonly head?: (column: string, label: string) => ReactNode;
  readonly sort?: readonly string[];
  readonly selection?: Selection;
  readonly onSelect?: (selection: Selection) => void;
}

const features = tableFeatures({ rowSelectionFeature });
type Column = ColumnDef<typeof features, AnyRow>;

/** The rows of a table. The first column links to the page of the row, references link to the pages of theirs. */
export function DataTable(props: Props) {
  const { page, columns, rows, labels, selection, onSelect } = props;
  const defined = useMemo(
    () => columns.map((name, index) => column(page, name, labels, index === 0)),
    [page, columns, labels],
  );
  const table = useTable({
    features,
    columns: defined,
    data: rows as AnyRow[],
    getRowId: (row, index) => rowId(page, row, index),
    enableRowSelection: onSelect !== undefined,
    state: { rowSelection: selection ?? NOTHING_SELECTED },
    onRowSelectionChange: (change) =>
      onSelect?.(typeof change === "function" ? change(selection ?? {}) : change),
  });
  return (
    <Table.ScrollContainer minWidth={columns.length * 130} type="native">
      <Table verticalSpacing="xs" highlightOnHover className={classes.table}>
        <Table.Caption className={classes.caption}>{props.caption}</Table.Caption>
        <Table.Thead>
          {table.getHeaderGroups().map((group) => (
            <Table.Tr key={group.id}>
              {onSelect && (
                <Table.Th w={44}>
                  <Checkbox
                    aria-label="Select all rows on this page"
                    checked={rows.length > 0 && table.getIsAllRowsSelected()}
                    indeterminate={!table.getIsAllRowsSelected() && table.getIsSomeRowsSelected()}
                    onChange={table.getToggleAllRowsSelectedHandler()}
                  />
                </Table.Th>
              )}
              {group.headers.map(({ id }) => (
                <Table.Th
                  key={id}
                  scope="col"
                  aria-sort={sorted(props.sort, id)}
                  ta={align(page, id)}
                >
                  {props.head?.(id, labelFor(page, id)) ?? labelFor(page, id)}
                </Table.Th>
              ))}
            </Table.Tr>
          ))}
        </Table.Thead>
        <Table.Tbody>
          {table.getRowModel().rows.map((row) => (
            <Table.Tr key={row.id} data-selected={row.getIsSelected() || undefined}>
              {onSelect && (
                <Table.Td>
                  <Checkbox
                    aria-label={`Select row ${row.id}`}
                    checked={row.getIsSelected()}
                    onChange={row.getToggleSelectedHandler()}
                  />
                </Table.Td>
              )}
              {row.getAllCells().map((cell) => (
                <Table.Td key={cell.id} className={classes.cell} ta={align(page, cell.column.id)}>
                  <table.FlexRender cell={cell} />
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

const NOTHING_SELECTED: Selection = {};

/** Return the id of a row in selections: its key, or its index if the table has no key. */
export function rowId(page: AnyPage, row: AnyRow, index: number): string {
  return page.table.key.length > 0 ? keyText(page.table.keyOf(row)) : String(index);
}

/** Return the label of a column. */
export function labelFor(page: AnyPage, name: string): string {
  const extra = page.extraColumns.find((column) => column.name === name);
  return page.byName.get(name)?.label ?? extra?.label ?? name;
}

function column(page: AnyPage, name: string, labels: Labels, isFirst: boolean): Column {
  const field = page.byName.get(name);
  const extra = page.extraColumns.find((candidate) => candidate.name === name);
  return {
    id: name,
    cell: ({ row }) => {
      if (!field) return extra?.render(row.original);
      if (isFirst && page.table.key.length > 0) {
        return <OwnLink page={page} row={row.original} name={name} labels={labels} />;
      }
      return <FieldValue field={field} row={row.original} labels={labels} />;
    },
  };
}

interface OwnLinkProps {
  readonly page: AnyPage;
  readonly row: AnyRow;
  readonly name: string;
  readonly labels: Labels;
}

/** The first value of a row, as a link to the page of the row. */
function OwnLink({ page, row, name, labels }: OwnLinkProps) {
  const field = page.byName.get(name);
  const label = field?.leadsTo && labelOf(labels, field.leadsTo, row)?.text;
  const text = label ?? (field ? formatText(field, row[name]) : "");
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

function align(page: AnyPage, name: string): "right" | undefined {
  const field = page.byName.get(name);
  const isAmount =
    field && isNumber(field.kind) && !field.leadsTo && !field.isKey && !field.choices;
  return isAmount ? "right" : undefined;
}

function sorted(sort: readonly string[] | undefined, name: string) {
  if (sort?.includes(name)) return "ascending" as const;
  return sort?.includes(`-${name}`) ? ("descending" as const) : undefined;
}
