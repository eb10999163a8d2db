import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { AnyRow, Referrer } from "../../api/table";
import { t } from "../../language/messages";
import { rowId } from "../data-table";
import type { AnyPage, Draft, FieldInfo } from "../page";
import type { Option } from "../reference-options";
import { notifyFailure } from "../removal";
import type { Labels } from "../row-labels";
import { childDrafts } from "../several";
import { errorText } from "../states";
import { labelOf } from "../use-labels";
import { readCell } from "./cell-text";
import {
  type CellMessages,
  canAddRows,
  copiedDown,
  type GridRow,
  gridColumns,
  isChanged,
  newRow,
  pasted,
  storedRow,
  withBlank,
  withDraft,
} from "./grid-rows";
import { focusCell, type Place } from "./grid-table";
import { findByLabels } from "./pasted-references";

interface Props {
  readonly page: AnyPage;
  readonly referrer: Referrer;
  readonly row: AnyRow;
  readonly items: readonly AnyRow[];
  readonly labels: Labels;
}

type Where = Readonly<Record<string, string>>;
export type Grid = ReturnType<typeof useGrid>;

/** The state of a grid: its rows, the active cell, and what people do with them. */
export function useGrid({ page, referrer, row, items, labels }: Props) {
  const columns = useMemo(() => gridColumns(page, referrer), [page, referrer]);
  const child = useMemo(() => childDrafts(page, referrer, row), [page, referrer, row]);
  const canAdd = useMemo(() => canAddRows(page, referrer), [page, referrer]);
  const blank = canAdd ? child.drafts : undefined;
  const [rows, setAll] = useState<readonly GridRow[]>(() => {
    const stored = items.map((item, index) => storedRow(rowId(page, item, index), item, columns));
    return blank ? withBlank(stored, blank) : stored;
  });
  const [active, setActive] = useState<Place>();
  const [messages, setMessages] = useState<CellMessages>({});
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  const table = useRef<HTMLTableElement>(null);
  const moveTo = useFocusAfter(table);

  const setRows = useCallback(
    (change: (rows: readonly GridRow[]) => readonly GridRow[]) =>
      setAll((before) => (blank ? withBlank(change(before), blank) : change(before))),
    [blank],
  );
  const onChange = useCallback(
    (id: string, name: string, draft: Draft) => {
      setRows((before) => withDraft(before, id, name, draft));
      setMessages((before) => withoutCell(before, id, name));
    },
    [setRows],
  );
  const addNames = useCallback((field: FieldInfo, options: Iterable<Option>) => {
    const own = [...options].map(
      (option) => [nameKey(field, option.values[0] ?? ""), option.label] as const,
    );
    setNames((before) => new Map([...before, ...own]));
  }, []);
  const onPick = useCallback(
    (field: FieldInfo, option: Option) => addNames(field, [option]),
    [addNames],
  );
  const labelFor = (gridRow: GridRow, field: FieldInfo): string | undefined => {
    const draft = gridRow.drafts[field.name] ?? "";
    const isStored = gridRow.base && String(gridRow.base[field.name]) === draft;
    const stored =
      isStored && field.reference
        ? labelOf(labels, field.reference, gridRow.base ?? {})
        : undefined;
    return stored?.text ?? names.get(nameKey(field, String(draft)));
  };

  return {
    columns,
    child,
    canAdd,
    rows,
    active,
    setActive,
    messages,
    table,
    onChange,
    onPick,
    labelFor,

    /** Show messages at their cells, and move to the first of them. */
    showMessages: (found: CellMessages) => {
      setMessages(found);
      const at = rows.findIndex(({ id }) => id in found);
      const own = found[rows[at]?.id ?? ""] ?? {};
      const column = columns.findIndex(({ name }) => name in own);
      if (at >= 0) moveTo({ row: at, column: Math.max(column, 0) });
    },

    /** Add a new row for each option of a reference, and move to the first of them. */
    addOptions: (field: FieldInfo, options: readonly Option[]) => {
      const known = new Set(
        rows.filter(({ base }) => !base).map(({ drafts }) => drafts[field.name]),
      );
      const added = options.filter(({ values }) => !known.has(values[0] ?? ""));
      addNames(field, added);
      setRows((before) => [
        ...before.filter((one) => one.base || isChanged(one)),
        ...added.map(({ values }) => newRow(child.drafts, { [field.name]: values[0] ?? "" })),
      ]);
      const entered = rows.filter((one) => one.base || isChanged(one)).length;
      const column = columns.findIndex((one) => one !== field);
      moveTo({ row: entered, column: Math.max(column, 0) });
    },

    copyDown: () => {
      const field = active && columns[active.column];
      if (field) setRows((before) => copiedDown(before, active.row, field));
    },

    /** Remove the active row, if it is not stored. */
    removeRow: () => {
      setRows((before) => before.filter((one, index) => index !== active?.row || one.base));
    },

    /** Paste texts from a cell on. Rows that they name are found by the labels of the references. */
    paste: async (
      at: Place,
      cells: readonly (readonly string[])[],
      whereOf: (field: FieldInfo) => Where,
    ) => {
      try {
        const drafts = await readCells(columns, at, cells, whereOf, addNames);
        setRows((before) => pasted(before, columns, at, drafts, blank));
        moveTo(at);
      } catch (error) {
        notifyFailure(t("grid.nothingPasted"), errorText(error as Error));
      }
    },
  };
}

function nameKey(field: FieldInfo, value: string): string {
  return `${field.name}\n${value}`;
}

function withoutCell(messages: CellMessages, id: string, name: string): CellMessages {
  const own = messages[id];
  if (!own) return messages;
  const others = Object.entries(own).filter(([field]) => field !== name && field !== "");
  return { ...messages, [id]: Object.fromEntries(others) };
}

/** Return a function that moves the focus to a cell once the rows have changed. */
function useFocusAfter(table: RefObject<HTMLTableElement | null>): (place: Place) => void {
  const wanted = useRef<Place>(undefined);
  useEffect(() => {
    if (wanted.current) focusCell(table.current, wanted.current);
    wanted.current = undefined;
  }); // after each render: the cell exists once the rows are rendered
  return (place) => {
    wanted.current = place;
  };
}

async function readCells(
  columns: readonly FieldInfo[],
  at: Place,
  cells: readonly (readonly string[])[],
  whereOf: (field: FieldInfo) => Where,
  addNames: (field: FieldInfo, options: Iterable<Option>) => void,
): Promise<readonly (readonly Draft[])[]> {
  const width = Math.max(...cells.map((row) => row.length));
  const found = await Promise.all(
    columns.slice(at.column, at.column + width).map(async (field, offset) => {
      if (!field.reference) return undefined;
      const texts = cells.map((row) => row[offset] ?? "");
      const options = await findByLabels(field.reference, texts, whereOf(field));
      addNames(field, options.values());
      return options;
    }),
  );
  return cells.map((row) =>
    row.map((text, offset): Draft => {
      const field = columns[at.column + offset];
      if (!field) return text;
      return field.reference
        ? (found[offset]?.get(text)?.values[0] ?? text)
        : readCell(field, text);
    }),
  );
}
