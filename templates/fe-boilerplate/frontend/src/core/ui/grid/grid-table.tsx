import {
  type ClipboardEvent,
  type FocusEvent,
  type KeyboardEvent,
  type RefObject,
  useEffect,
  useRef,
} from "react";
import { t } from "../../language/messages";
import type { FieldInfo } from "../page";
import type { Option } from "../reference-options";
import { readTable } from "./cell-text";
import classes from "./child-grid.module.css";
import { type CellProps, GridCell } from "./grid-cell";
import { type CellMessages, type GridRow, isChanged, isFixed } from "./grid-rows";

/** The place of a cell: its row and column, from 0. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

interface Props extends Pick<CellProps, "onChange"> {
  readonly label: string;
  readonly columns: readonly FieldInfo[];
  readonly rows: readonly GridRow[];
  readonly messages: CellMessages;
  readonly active: Place | undefined;
  readonly onActive: (place: Place) => void;
  readonly onPick: (field: FieldInfo, option: Option) => void;
  readonly onPaste: (place: Place, cells: readonly (readonly string[])[]) => void;
  readonly onCopyDown: () => void;
  /** Return the label of the row to which a cell refers. */
  readonly labelOf: (row: GridRow, field: FieldInfo) => string | undefined;
  readonly whereOf: (field: FieldInfo) => Readonly<Record<string, string>> | undefined;
  readonly table: RefObject<HTMLTableElement | null>;
}

/**
 * A table of inputs that is used like a spreadsheet: Enter and the arrow keys move between cells, Tab to the next one,
 * Ctrl+D copies a cell down, and a copied table is pasted from the focused cell on.
 */
export function GridTable(props: Props) {
  const { columns, rows, messages, active, table, labelOf } = props;
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    section.current?.scrollIntoView({ block: "start" });
  }, []);
  return (
    <section ref={section} className={classes.scroller} aria-label={props.label}>
      <table
        ref={table}
        className={classes.grid}
        aria-label={props.label}
        onFocusCapture={(event) => {
          const place = placeOf(event);
          if (place && !isSame(place, active)) props.onActive(place);
        }}
        onKeyDownCapture={(event) => handleKey(event, props)}
        onPaste={(event) => handlePaste(event, props)}
      >
        <thead>
          <tr>
            <th data-number scope="col">
              <span aria-hidden="true">#</span>
            </th>
            {columns.map((field) => (
              <th key={field.name} scope="col" title={field.help}>
                {field.label}
                {isRequired(field) && <span aria-hidden="true"> *</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={row.id} data-changed={isChanged(row) || undefined}>
              <th data-number scope="row">
                {index + 1}
              </th>
              {columns.map((field, column) => (
                <GridCell
                  key={field.name}
                  field={field}
                  draft={row.drafts[field.name] ?? ""}
                  rowId={row.id}
                  at={`${index}:${column}`}
                  name={t("grid.cell", { field: field.label, row: String(index + 1) })}
                  label={field.reference ? labelOf(row, field) : undefined}
                  message={messageAt(messages[row.id], field, column)}
                  isFixed={isFixed(row, field)}
                  isActive={active?.row === index && active.column === column}
                  where={field.reference ? props.whereOf(field) : undefined}
                  onChange={props.onChange}
                  onPick={props.onPick}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function isRequired({ nullable, optional, kind }: FieldInfo): boolean {
  return !nullable && !optional && kind !== "boolean";
}

/** Return the message of a cell; the first one shows also what is wrong with the row as a whole. */
function messageAt(
  messages: Readonly<Record<string, string>> | undefined,
  field: FieldInfo,
  column: number,
): string | undefined {
  if (!messages) return undefined;
  const texts = [column === 0 ? messages[""] : undefined, messages[field.name]].filter(Boolean);
  return texts.length > 0 ? texts.join("; ") : undefined;
}

/** Move the focus to a cell, and select its text. */
export function focusCell(table: HTMLTableElement | null, { row, column }: Place): void {
  const input = table
    ?.querySelector(`[data-cell="${row}:${column}"]`)
    ?.querySelector<HTMLInputElement>("input:not([type=hidden]), select");
  input?.focus();
  if (input instanceof HTMLInputElement) input.select();
}

type CellEvent = FocusEvent | KeyboardEvent | ClipboardEvent;

function placeOf(event: CellEvent): Place | undefined {
  const cell = event.target instanceof Element ? event.target.closest("[data-cell]") : null;
  const [row, column] = cell?.getAttribute("data-cell")?.split(":").map(Number) ?? [];
  return row === undefined || column === undefined ? undefined : { row, column };
}

function isSame(one: Place, other: Place | undefined): boolean {
  return one.row === other?.row && one.column === other.column;
}

function handleKey(event: KeyboardEvent, props: Props): void {
  const place = placeOf(event);
  if (!place || event.altKey || isOpen(event.target)) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "d") {
    event.preventDefault();
    props.onCopyDown();
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  const [down, right] = stepOf(event);
  if (down === 0 && right === 0) return;
  event.preventDefault();
  event.stopPropagation();
  focusCell(props.table.current, { row: place.row + down, column: place.column + right });
}

/** Whether the options of a reference are shown: the keys are theirs then. */
function isOpen(target: EventTarget): boolean {
  return target instanceof Element && target.getAttribute("aria-expanded") === "true";
}

/** Return by how many rows and columns a key moves the focus. Within a text, the arrow keys move the cursor first. */
function stepOf(event: KeyboardEvent): readonly [down: number, right: number] {
  if (event.key === "Enter") return [event.shiftKey ? -1 : 1, 0];
  if (event.shiftKey) return [0, 0];
  if (event.key === "ArrowDown") return [1, 0];
  if (event.key === "ArrowUp") return [-1, 0];
  if (event.key === "ArrowLeft") return [0, isAtEdge(event.target, "start") ? -1 : 0];
  if (event.key === "ArrowRight") return [0, isAtEdge(event.target, "end") ? 1 : 0];
  return [0, 0];
}

function isAtEdge(target: EventTarget, edge: "start" | "end"): boolean {
  if (!(target instanceof HTMLInputElement) || target.type === "checkbox") return true;
  const { selectionStart: start, selectionEnd: end, value } = target;
  if (start === 0 && end === value.length) return true; // the whole text is selected
  return start === end && start === (edge === "start" ? 0 : value.length);
}

/** Paste a table. A single text is left to the input that it is pasted into, if it is one for text. */
function handlePaste(event: ClipboardEvent, props: Props): void {
  const place = placeOf(event);
  const cells = readTable(event.clipboardData.getData("text/plain"));
  const isSingle = cells.length === 1 && cells[0]?.length === 1;
  const isText = event.target instanceof HTMLInputElement && event.target.type !== "checkbox";
  if (!place || cells.length === 0 || (isSingle && isText)) return;
  event.preventDefault();
  props.onPaste(place, cells);
}
