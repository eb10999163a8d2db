import { Checkbox, Table } from "@mantine/core";
import {
  type Row,
  type RowSelectionState,
  rowSelectionFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import {
  memo,
  type ReactNode,
  type Ref,
  type RefObject,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { AnyRow } from "../api/table";
import { t } from "../language/messages";
import { alignOf, CellValue, keyOf, placeOf, type ShownColumns, widthOf } from "./data-columns";
import { Heads, LEAST_WIDTH, SELECTION_WIDTH, Widths } from "./data-heads";
import classes from "./data-table.module.css";
import { keyText } from "./keys";
import type { ColumnWidths } from "./list-memory";
import type { AnyPage } from "./page";
import type { Labels } from "./row-labels";
import { useSlots } from "./virtual-slots";

export type Selection = RowSelectionState;

interface Props {
  readonly page: AnyPage;
  readonly columns: readonly string[];
  readonly rows: readonly AnyRow[];
  readonly labels: Labels;
  readonly caption: string;
  /** Whether the rows have no pages, because they are deleted. */
  readonly isUnlinked?: boolean | undefined;
  /** Renders the header of a column; by default its label. */
  readonly head?: (column: string, label: string) => ReactNode;
  readonly sort?: readonly string[];
  /** The chosen widths of columns, in pixels. */
  readonly widths?: ColumnWidths;
  /** Called with other widths; without it the widths cannot be changed. */
  readonly onWidths?: (widths: ColumnWidths) => void;
  readonly selection?: Selection;
  readonly onSelect?: (selection: Selection) => void;
}

const features = tableFeatures({ rowSelectionFeature });
const NO_COLUMNS: [] = []; // cells are rendered from the rows
const MAX_CELLS = 1000; // of a table that is rendered as a whole
const ROW_HEIGHT = 43; // pixels, of a row with one line
const NO_WIDTHS: ColumnWidths = {};
const rowHeight = () => ROW_HEIGHT;

/**
 * The rows of a table. The first column links to the page of the row, references link to the pages of theirs.
 *
 * A table of many cells scrolls in a region of its own, of which only the cells in view are rendered. To assistive
 * technology it stays a table, whose rows and columns have numbers.
 * Once a width is chosen, the cells no longer determine the widths of the columns.
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
  const [dragged, setDragged] = useState<ColumnWidths>();
  const chosen = dragged ?? props.widths ?? NO_WIDTHS;
  const isSized = columns.some((name) => chosen[name] !== undefined);
  const isFixed = isLarge || isSized;
  const widths = useMemo(
    () => columns.map((name, index) => chosen[name] ?? widthOf(page, name, index === 0)),
    [page, columns, chosen],
  );
  const columnWidth = useCallback((index: number) => widths[index] ?? LEAST_WIDTH, [widths]);
  const down = useSlots({
    axis: "row",
    count: rows.length,
    sizeOf: rowHeight,
    scroller: isLarge ? scroller : undefined,
  });
  const across = useSlots({
    axis: "column",
    count: columns.length,
    sizeOf: columnWidth,
    scroller: isLarge ? scroller : undefined,
  });
  useScrollToTop(scroller, rows[0] && rowId(page, rows[0], 0));
  const { rows: found } = table.getRowModel();
  const shown = { page, columns, across: across.slots, isLarge, canSelect: onSelect !== undefined };
  const { isUnlinked } = props;
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
        {...(isFixed
          ? {
              layout: "fixed" as const,
              w: widths.reduce((sum, width) => sum + width, onSelect ? SELECTION_WIDTH : 0),
              miw: isSized ? 0 : "100%",
            }
          : { miw: columns.length * LEAST_WIDTH })}
        data-fixed={isFixed || undefined}
        {...(isLarge && {
          stickyHeader: true,
          "aria-rowcount": rows.length + 1,
          "aria-colcount": columns.length + (shown.canSelect ? 1 : 0),
        })}
      >
        <Table.Caption className={classes.caption}>{props.caption}</Table.Caption>
        {isFixed && <Widths {...shown} widths={widths} />}
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
            <Heads
              {...shown}
              sort={props.sort}
              head={props.head}
              widths={widths}
              chosen={chosen}
              onDrag={setDragged}
              onWidths={props.onWidths}
            />
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
                isUnlinked={isUnlinked}
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

interface BodyRowProps extends ShownColumns {
  readonly row: Row<typeof features, AnyRow>;
  readonly isUnlinked: boolean | undefined;
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
              isLink={slot.index === 0 && !props.isUnlinked}
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

/** Scroll back to the top when another page is shown. */
function useScrollToTop(scroller: RefObject<HTMLElement | null>, first: string | undefined): void {
  useEffect(() => {
    if (scroller.current && first !== undefined) scroller.current.scrollTop = 0;
  }, [scroller, first]);
}
