/** Which rows and columns of a large table are rendered: those in view, and as much space as the others take. */

import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type RefCallback, type RefObject, useCallback, useEffect, useMemo, useRef } from "react";

/** A row or column; with `gap` the pixels of those before it, after the last rendered one, that are not rendered. */
export interface Slot {
  readonly index: number;
  readonly gap?: number;
}

interface Slots {
  readonly slots: readonly Slot[];
  /** Measures a rendered row. */
  readonly measure: RefCallback<Element>;
}

interface Options {
  /** Rendered rows have their index as `data-row`, and cells that of their column as `data-column`. */
  readonly axis: "row" | "column";
  readonly count: number;
  /** Returns the height of a row until it is measured, or the width of a column, in pixels; another for other widths. */
  readonly sizeOf: (index: number) => number;
  /** The element in which the table is scrolled; without one all rows or columns are rendered. */
  readonly scroller: RefObject<HTMLElement | null> | undefined;
}

const OVERSCAN = 6; // rendered beyond the view, so that the keyboard reaches them
const FIRST_RECT = { width: 1280, height: 900 }; // pixels, until the view is measured

/** Return the slots of a table. The first and the focused row or column are rendered wherever the view is. */
export function useSlots({ axis, count, sizeOf, scroller }: Options): Slots {
  const focused = useFocused(axis, scroller);
  const rangeExtractor = useCallback(
    (range: Range) => {
      const indexes = new Set([0, focused.current, ...defaultRangeExtractor(range)]);
      return [...indexes].filter((index) => index < range.count).sort((one, other) => one - other);
    },
    [focused],
  );
  const virtualizer = useVirtualizer({
    count: scroller ? count : 0,
    horizontal: axis === "column",
    indexAttribute: `data-${axis}`,
    getScrollElement: () => scroller?.current ?? null,
    estimateSize: sizeOf,
    overscan: OVERSCAN,
    initialRect: FIRST_RECT,
    rangeExtractor,
    useFlushSync: false,
  });
  const measured = useRef(sizeOf);
  useEffect(() => {
    if (measured.current === sizeOf) return;
    measured.current = sizeOf;
    virtualizer.measure(); // what it knows is of the previous widths
  }, [virtualizer, sizeOf]);
  const items = virtualizer.getVirtualItems();
  const total = virtualizer.getTotalSize();
  const slots = useMemo(
    () =>
      scroller ? withGaps(items, total) : Array.from({ length: count }, (_, index) => ({ index })),
    [scroller, items, total, count],
  );
  return { slots, measure: virtualizer.measureElement };
}

/** Return the index of the row or column that has the focus or had it last. */
function useFocused(axis: Options["axis"], scroller: Options["scroller"]): RefObject<number> {
  const focused = useRef(0);
  useEffect(() => {
    const element = scroller?.current;
    const note = ({ target }: FocusEvent) => {
      const place = (target as Element).closest(`[data-${axis}]`)?.getAttribute(`data-${axis}`);
      if (place) focused.current = Number(place);
    };
    element?.addEventListener("focusin", note);
    return () => element?.removeEventListener("focusin", note);
  }, [axis, scroller]);
  return focused;
}

interface Item {
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/** Return slots for rendered items and for the space before, between and after them. */
export function withGaps(items: readonly Item[], total: number): readonly Slot[] {
  const slots: Slot[] = [];
  let end = 0;
  for (const { index, start, end: next } of items) {
    if (start > end) slots.push({ index, gap: start - end });
    slots.push({ index });
    end = next;
  }
  if (total > end) slots.push({ index: -1, gap: total - end });
  return slots;
}
