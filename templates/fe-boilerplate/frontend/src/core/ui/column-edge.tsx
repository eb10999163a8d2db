import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import { t } from "../language/messages";
import classes from "./data-table.module.css";
import { type ColumnWidths, MAX_WIDTH, MIN_WIDTH } from "./list-memory";

const STEP = 16; // pixels, by an arrow key

interface Props {
  readonly name: string;
  readonly label: string;
  /** The width of the column in pixels, as far as it is known before the cells are laid out. */
  readonly width: number;
  readonly widths: ColumnWidths;
  /** Shows other widths while the edge is dragged; undefined for those that are kept. */
  readonly onDrag: (widths: ColumnWidths | undefined) => void;
  /** Keeps other widths. */
  readonly onChange: (widths: ColumnWidths) => void;
}

/** The right edge of a column, which changes its width: a window splitter of the ARIA Authoring Practices. */
export function ColumnEdge({ name, label, width, widths, onDrag, onChange }: Props) {
  const drag = useRef<{ readonly from: number; readonly shown: ColumnWidths }>(undefined);
  const [measured, setMeasured] = useState<number>();
  const start = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { from: event.clientX, shown: shownWidths(event.currentTarget) };
  };
  const dragged = ({ clientX }: PointerEvent) => {
    const { from, shown } = drag.current ?? {};
    if (from === undefined || clientX === from) return undefined;
    return { ...widths, ...shown, [name]: limited((shown?.[name] ?? width) + clientX - from) };
  };
  const drop = (event: PointerEvent) => {
    const changed = dragged(event);
    drag.current = undefined;
    if (changed) onChange(changed);
    onDrag(undefined);
  };
  const cancel = () => {
    drag.current = undefined;
    onDrag(undefined);
  };
  const reset = () => {
    const { [name]: _reset, ...others } = widths;
    setMeasured(undefined);
    onChange(others);
  };
  const press = (event: KeyboardEvent<HTMLElement>) => {
    const steps = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (!steps && event.key !== "Enter") return;
    event.preventDefault();
    if (!steps) return reset();
    const shown = shownWidths(event.currentTarget);
    onChange({ ...widths, ...shown, [name]: limited((shown[name] ?? width) + steps) });
  };
  return (
    <hr
      className={classes.edge}
      tabIndex={0}
      data-edge={name}
      aria-orientation="vertical"
      aria-label={t("columns.width", { column: label })}
      aria-valuenow={widths[name] ?? measured ?? width}
      aria-valuemin={MIN_WIDTH}
      aria-valuemax={MAX_WIDTH}
      title={t("columns.widthHint")}
      onFocus={(event) => setMeasured(shownWidths(event.currentTarget)[name])}
      onPointerDown={start}
      onPointerMove={(event) => drag.current && onDrag(dragged(event))}
      onPointerUp={drop}
      onPointerCancel={cancel}
      onDoubleClick={reset}
      onKeyDown={press}
    />
  );
}

/** Return the widths of the rendered columns, so that the others stay as they are when one is changed. */
function shownWidths(edge: HTMLElement): ColumnWidths {
  const edges = edge.closest("tr")?.querySelectorAll<HTMLElement>("[data-edge]") ?? [];
  return Object.fromEntries(
    [...edges].map((one) => [one.dataset.edge, limited(one.closest("th")?.offsetWidth ?? 0)]),
  );
}

function limited(width: number): number {
  return Math.round(Math.min(Math.max(width, MIN_WIDTH), MAX_WIDTH));
}
