/** The state of a list, stored in its URL, so that reload, bookmarks and back navigation restore it. */

import type { ListQuery } from "../api/list-query";
import { filteredField, referringField } from "./filter-values";
import type { AnyPage } from "./page";
import { hasCursor, type Place, placeQuery } from "./place";

export const PAGE_SIZES = [25, 50, 100, 250, 500] as const;
export const DEFAULT_SIZE = PAGE_SIZES[0];
const MAX_PAGE = 1e9; // keeps the offset within the range of the server

export interface ListState extends Place {
  readonly size: number;
  /** Fields to sort by, or paths to them, most significant first; the prefix `-` sorts descending. */
  readonly sort: readonly string[];
  readonly q: string;
  /** Whether the deleted rows are listed, instead of the others. */
  readonly deleted?: boolean;
  /** The displayed columns; undefined for the default columns of the page. */
  readonly columns?: readonly string[];
  /** Values by `field__operator`, where a field can be a path through a reference: `student__full_name`. */
  readonly filters: Readonly<Record<string, string>>;
}

type Search = Readonly<Record<string, unknown>>;

/**
 * Parse the state of a list; unknown fields and operators are ignored.
 *
 * `chosen` are the columns to show if the URL names none.
 */
export function readState(
  search: Search,
  page: AnyPage,
  chosen: readonly string[] = [],
): ListState {
  const text = (name: string) => (typeof search[name] === "string" ? search[name] : "");
  const known = [...page.byName.keys(), ...page.extraColumns.map(({ name }) => name)];
  const named = words(text("columns"));
  const columns = (named.length > 0 ? named : chosen).filter((name) => known.includes(name));
  const size = Number(text("size"));
  const after = text("after") || undefined;
  return {
    after,
    before: after ? undefined : text("before") || undefined,
    page: Math.min(Math.max(Math.trunc(Number(text("page"))) || 1, 1), MAX_PAGE),
    size: PAGE_SIZES.find((allowed) => allowed === size) ?? DEFAULT_SIZE,
    sort: words(text("sort")).filter((part) => canSort(page, part.replace(/^-/, ""))),
    q: text("q"),
    deleted: (canShowDeleted(page) && text("deleted") === "only") || undefined,
    columns: columns.length > 0 ? columns : undefined,
    filters: Object.fromEntries(
      Object.keys(search).flatMap((name) => filter(page, name, text(name))),
    ),
  };
}

/** Serialize the state of a list, without default values. */
export function writeState(state: ListState): Record<string, string> {
  const search: Record<string, string> = { ...state.filters };
  if (state.q) search.q = state.q;
  if (state.deleted) search.deleted = "only";
  if (state.sort.length > 0) search.sort = state.sort.join(",");
  if (state.page > 1 || hasCursor(state)) search.page = String(state.page);
  if (state.after) search.after = state.after;
  if (state.before) search.before = state.before;
  if (state.size !== DEFAULT_SIZE) search.size = String(state.size);
  if (state.columns) search.columns = state.columns.join(",");
  return search;
}

/** Return the query for the server. */
export function queryOf(state: ListState, expand: readonly string[]): ListQuery {
  return {
    ...placeQuery(state, state.size),
    sort: state.sort,
    q: state.q,
    deleted: state.deleted ? "only" : undefined,
    expand,
    filters: state.filters,
  };
}

/** Whether the list can be sorted by a field, or by a path; the server knows which paths there are. */
export function canSort(page: AnyPage, field: string): boolean {
  return page.table.filters[field]?.includes("eq") ?? referringField(page, field) !== undefined;
}

/** Whether the table has texts to search, its own or in the labels of the rows that it refers to. */
export function canSearch(page: AnyPage): boolean {
  const hasText = Object.values(page.table.filters).some((names) => names.includes("ilike"));
  return hasText || page.table.references.some(({ searched }) => searched);
}

/** Whether there can be deleted rows that are read and restored by who is logged in. */
export function canShowDeleted(page: AnyPage): boolean {
  return page.deletion !== undefined && page.table.removable;
}

/** Return the displayed columns of a list: of deleted rows with the time of the deletion. */
export function shownColumns(page: AnyPage, state: ListState): readonly string[] {
  const columns = state.columns ?? [...page.columns, ...page.extraColumns.map(({ name }) => name)];
  const time = page.deletion;
  if (!state.deleted || !time || !page.byName.has(time) || columns.includes(time)) return columns;
  return [...columns, time];
}

/** Parse a filter. Filters always include an operator, so their names cannot collide with other parameters. */
function filter(page: AnyPage, name: string, value: string): [string, string][] {
  return value && filteredField(page, name) ? [[name, value]] : [];
}

function words(text: string): readonly string[] {
  return [...new Set(text.split(",").filter(Boolean))];
}
