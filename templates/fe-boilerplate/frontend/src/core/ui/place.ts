/** The place of a page within a list. Neighbouring pages are requested by cursor, all others by their number. */

import type { ListQuery } from "../api/list-query";
import type { AnyRow, Page } from "../api/table";

export interface Place {
  /** From 1. With a cursor it is only shown: the server finds the page by the cursor. */
  readonly page: number;
  /** The cursor of the row after which the page begins. */
  readonly after?: string | undefined;
  /** The cursor of the row before which the page ends. */
  readonly before?: string | undefined;
}

export const FIRST: Place = { page: 1, after: undefined, before: undefined };

type List = Pick<Page<AnyRow>, "items" | "next" | "previous">;

/** Return the place of another page. `list` is the page at `place`; undefined while it is loading. */
export function placeOf(page: number, place: Place, list: List | undefined): Place {
  if (page === 1) return FIRST;
  const isNext = page === place.page + 1;
  const isPrevious = page === place.page - 1;
  return {
    page,
    after: (isNext && list?.next) || undefined,
    before: (isPrevious && list?.previous) || undefined,
  };
}

/** Return the part of a query that selects the page at a place. */
export function placeQuery({ page, after, before }: Place, size: number): ListQuery {
  if (after) return { limit: size, after };
  return before ? { limit: size, before } : { limit: size, offset: (page - 1) * size };
}

export function hasCursor({ after, before }: Place): boolean {
  return (after ?? before) !== undefined;
}

/**
 * Return the place to show instead, if rows were deleted since this place was determined.
 *
 * `count` is the number of pages. A page before a cursor that begins with the first row of the list is the first page.
 */
export function movedPlace(place: Place, list: List, count: number): Place | undefined {
  if (place.page > count || (hasCursor(place) && list.items.length === 0)) {
    return placeOf(Math.min(place.page, count), place, undefined);
  }
  return place.before && place.page > 1 && !list.previous ? FIRST : undefined;
}
