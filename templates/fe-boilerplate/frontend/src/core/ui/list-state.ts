/** The state of a list as its URL holds it: what a reload, a bookmark or the way back brings again. */

import type { ListQuery } from "../api/table";
import type { AnyPage } from "./page";

export const PAGE_SIZES = [25, 50, 100] as const;
export const DEFAULT_SIZE = PAGE_SIZES[0];
const LAST_PAGE = 1e9; // further ones have no offset that a server could read

export interface ListState {
  /** From 1. */
  readonly page: number;
  readonly size: number;
  /** Fields in order of weight; `-` in front: descending. */
  readonly sort: readonly string[];
  readonly q: string;
  /** Shown columns; undefined: those that the page declares. */
  readonly columns?: readonly string[];
  /** Values by `field__operator`. */
  readonly filters: Readonly<Record<string, string>>;
}

type Search = Readonly<Record<string, unknown>>;

/** Read a list's state; what the table does not have is passed over. */
export function readState(search: Search, page: AnyPage): ListState {
  const text = (name: string) => (typeof search[name] === "string" ? search[name] : "");
  const known = [...page.byName.keys(), ...page.extraColumns.map(({ name }) => name)];
  const columns = words(text("columns")).filter((name) => known.includes(name));
  const size = Number(text("size"));
  return {
    page: Math.min(Math.max(Math.trunc(Number(text("page"))) || 1, 1), LAST_PAGE),
    size: PAGE_SIZES.find((one) => one === size) ?? DEFAULT_SIZE,
    sort: words(text("sort")).filter((part) => canSort(page, part.replace(/^-/, ""))),
    q: text("q"),
    columns: columns.length > 0 ? columns : undefined,
    filters: Object.fromEntries(
      Object.keys(search).flatMap((name) => filter(page, name, text(name))),
    ),
  };
}

/** Write a list's state, without what is as it would be anyway. */
export function writeState(state: ListState): Record<string, string> {
  const found: Record<string, string> = { ...state.filters };
  if (state.q) found.q = state.q;
  if (state.sort.length > 0) found.sort = state.sort.join(",");
  if (state.page > 1) found.page = String(state.page);
  if (state.size !== DEFAULT_SIZE) found.size = String(state.size);
  if (state.columns) found.columns = state.columns.join(",");
  return found;
}

/** Return what the server is asked for. */
export function queryOf(state: ListState, expand: readonly string[]): ListQuery {
  return {
    limit: state.size,
    offset: (state.page - 1) * state.size,
    sort: state.sort,
    q: state.q,
    expand,
    filters: state.filters,
  };
}

/** Whether rows can be put in order by a field. */
export function canSort(page: AnyPage, field: string): boolean {
  return page.table.filters[field]?.includes("eq") ?? false;
}

/** Whether the search field finds anything: it looks into texts. */
export function canSearch(page: AnyPage): boolean {
  return Object.values(page.table.filters).some((operators) => operators.includes("ilike"));
}

/** Return the columns that a list shows. */
export function shownColumns(page: AnyPage, state: ListState): readonly string[] {
  return state.columns ?? [...page.columns, ...page.extraColumns.map(({ name }) => name)];
}

/** A filter is always written with its operator: so it is never taken for anything else of the state. */
function filter(page: AnyPage, name: string, value: string): [string, string][] {
  const [field = "", operator] = name.split("__");
  const operators: readonly string[] = page.table.filters[field] ?? [];
  return operator && value && operators.includes(operator) ? [[name, value]] : [];
}

function words(text: string): readonly string[] {
  return [...new Set(text.split(",").filter(Boolean))];
}
