import { Checkbox, Table } from "@mantine/core";
import {
  type Row,
  type RowSelectionState,
  rowSelectionFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { memo, type ReactNode, type Ref, type RefObject, useEffect, useMemo, useRef } from "react";
import type { AnyRow } from "../api/table";
import { t } from "../language/messages";
import { alignOf, CellValue, labelFor, widthOf } from "./data-columns";
import classes from "./data-table.module.css";
import { keyText } from "./keys";
import type { AnyPage } from "./page";
import type { Labels } from "./row-labels";
import { type Slot, useSlots } from "./virtual-slots";

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
const NO_COLUMNS: [] = []; // cells are rendered from the rows
const MAX_CELLS = 1000; // of a table that is rendered as a whole
const ROW_HEIGHT = 43; // pixels, of a row with one line
const MIN_WIDTH = 130; // pixels, of a column
const SELECTION_WIDTH = 44; // pixels

/**
 * The rows of a table. The first column links to the page of the row, references link to the pages of theirs.
 *
 * A table of many cells scrolls in a region of its own, of which only the cells in view are rendered. To assistive
 * technology it stays a table, whose rows and columns have numbers.
 */
export function DataTable(props: Props) {
  const { page, columns, rows, labels, selection, onSelect } = props;
  const table = useTable({
    features,
    columns: NO_COLUMNS,
    data: rows as AnyRow[],
    getRowId: (row, index) => rowId(page, row, index),
    enableRowSelection: onSelect !== undefined,
    state: { rowSelection: selection ?? NOTHING_SELECTED },
    onRowSelectionChange: (change) =>
      onSelect?.(typeof change === "function" ? change(selection ?? {}) : change),
  });
  const isLarge = rows.length * columns.length > MAX_CELLS;
  const scroller = useRef<HTMLElement>(null);
  const widths = useMemo(
    () => columns.map((name, index) => widthOf(page, name, index === 0)),
    [page, columns],
  );
  const down = useSlots({
    axis: "row",
    count: rows.length,
    sizeOf: () => ROW_HEIGHT,
    scroller: isLarge ? scroller : undefined,
  });
  const across = useSlots({
    axis: "column",
    count: columns.length,
    sizeOf: (index) => widths[index] ?? MIN_WIDTH,
    scroller: isLarge ? scroller : undefined,
  });
  useScrollToTop(scroller, rows[0] && rowId(page, rows[0], 0));
  const { rows: found } = table.getRowModel();
  const shown = { page, columns, across: across.slots, isLarge, canSelect: onSelect !== undefined };
  return (
    <section
      ref={scroller}
      className={isLarge ? classes.viewport : classes.scroller}
      aria-label={isLarge ? props.caption : undefined}
    >
      <Table
        verticalSpacing="xs"
        highlightOnHover
        className={classes.table}
        miw={isLarge ? "100%" : columns.length * MIN_WIDTH}
        {...(isLarge && {
          layout: "fixed" as const,
          stickyHeader: true,
          w: widths.reduce((sum, width) => sum + width, SELECTION_WIDTH),
          "aria-rowcount": rows.length + 1,
          "aria-colcount": columns.length + (shown.canSelect ? 1 : 0),
        })}
      >
        <Table.Caption className={classes.caption}>{props.caption}</Table.Caption>
        {isLarge && <Widths {...shown} widths={widths} />}
        <Table.Thead>
          <Table.Tr aria-rowindex={isLarge ? 1 : undefined}>
            {onSelect && (
              <Table.Th w={SELECTION_WIDTH} aria-colindex={isLarge ? 1 : undefined}>
                <Checkbox
                  aria-label={t("list.selectAll")}
                  checked={rows.length > 0 && table.getIsAllRowsSelected()}
                  indeterminate={!table.getIsAllRowsSelected() && table.getIsSomeRowsSelected()}
                  onChange={table.getToggleAllRowsSelectedHandler()}
                />
              </Table.Th>
            )}
            <Heads {...shown} sort={props.sort} head={props.head} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {down.slots.map((slot) => {
            const row = found[slot.index];
            if (!row || slot.gap) return <RowGap key={keyOf(slot)} height={slot.gap} />;
            return (
              <BodyRow
                key={row.id}
                {...shown}
                row={row}
                index={slot.index}
                isSelected={row.getIsSelected()}
                labels={labels}
                ref={down.measure}
              />
            );
          })}
        </Table.Tbody>
      </Table>
    </section>
  );
}

const NOTHING_SELECTED: Selection = {};

/** Return the id of a row in selections: its key, or its index if the table has no key. */
export function rowId(page: AnyPage, row: AnyRow, index: number): string {
  return page.table.key.length > 0 ? keyText(page.table.keyOf(row)) : String(index);
}

interface Shown {
  readonly page: AnyPage;
  readonly columns: readonly string[];
  /** The columns to render. */
  readonly across: readonly Slot[];
  readonly isLarge: boolean;
  readonly canSelect: boolean;
}

/** The widths of the columns in a table whose cells do not determine them. */
function Widths({ across, canSelect, widths }: Shown & { widths: readonly number[] }) {
  return (
    <colgroup>
      {canSelect && <col style={{ width: SELECTION_WIDTH }} />}
      {across.map((slot) => (
        <col key={keyOf(slot)} style={{ width: slot.gap ?? widths[slot.index] }} />
      ))}
    </colgroup>
  );
}

const Heads = memo(function Heads({ sort, head, ...shown }: Shown & Pick<Props, "sort" | "head">) {
  const { page, columns, across } = shown;
  return across.map((slot) => {
    const name = columns[slot.index];
    if (name === undefined || slot.gap) return <td key={keyOf(slot)} aria-hidden="true" />;
    return (
      <Table.Th
        key={name}
        scope="col"
        aria-sort={sorted(sort, name)}
        ta={alignOf(page, name)}
        {...placeOf(shown, slot)}
      >
        {head?.(name, labelFor(page, name)) ?? labelFor(page, name)}
      </Table.Th>
    );
  });
});

interface BodyRowProps extends Shown {
  readonly row: Row<typeof features, AnyRow>;
  readonly index: number;
  readonly isSelected: boolean;
  readonly labels: Labels;
  readonly ref: Ref<HTMLTableRowElement>;
}

const BodyRow = memo(function BodyRow(props: BodyRowProps) {
  const { page, columns, across, isLarge, canSelect, row, index, isSelected, labels, ref } = props;
  return (
    <Table.Tr
      data-selected={isSelected || undefined}
      {...(isLarge && { ref, "data-row": index, "aria-rowindex": index + 2 })}
    >
      {canSelect && (
        <Table.Td aria-colindex={isLarge ? 1 : undefined}>
          <Checkbox
            aria-label={t("list.selectRow", { row: row.id })}
            checked={isSelected}
            onChange={row.getToggleSelectedHandler()}
          />
        </Table.Td>
      )}
      {across.map((slot) => {
        const name = columns[slot.index];
        if (name === undefined || slot.gap) return <td key={keyOf(slot)} aria-hidden="true" />;
        return (
          <Table.Td
            key={name}
            className={classes.cell}
            ta={alignOf(page, name)}
            {...placeOf(props, slot)}
          >
            <CellValue
              page={page}
              row={row.original}
              name={name}
              labels={labels}
              isLink={slot.index === 0}
            />
          </Table.Td>
        );
      })}
    </Table.Tr>
  );
});

/** The space of rows that are not rendered. */
export function RowGap({ height }: { height: number | undefined }) {
  return (
    <tr>
      <td aria-hidden="true" style={{ height, padding: 0 }} />
    </tr>
  );
}

/** Return the attributes that tell which column a cell belongs to, if not all are rendered. */
function placeOf({ isLarge, canSelect }: Shown, { index }: Slot) {
  if (!isLarge) return {};
  return { "data-column": index, "aria-colindex": index + (canSelect ? 2 : 1) };
}

function keyOf({ gap, index }: Slot): string {
  return gap === undefined ? String(index) : `before ${index}`;
}

/** Scroll back to the top when another page is shown. */
function useScrollToTop(scroller: RefObject<HTMLElement | null>, first: string | undefined): void {
  useEffect(() => {
    if (scroller.current && first !== undefined) scroller.current.scrollTop = 0;
  }, [scroller, first]);
}

function sorted(sort: readonly string[] | undefined, name: string) {
  if (sort?.includes(name)) return "ascending" as const;
  return sort?.includes(`-${name}`) ? ("descending" as const) : undefined;
}
