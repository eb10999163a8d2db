/**
 * What the browser remembers of a list: where it was left, its columns, and views with a name.
 *
 * What is read may be of an older schema, or not be readable at all: `readState` ignores fields that no longer exist.
 */

import { z } from "zod";

const searchSchema = z.record(z.string(), z.string());
export const MIN_WIDTH = 60; // pixels, of a column
export const MAX_WIDTH = 1200;
const widthsSchema = z.record(z.string(), z.number().min(MIN_WIDTH).max(MAX_WIDTH));
const viewsSchema = z.array(
  z.object({ name: z.string(), search: searchSchema, widths: widthsSchema.optional() }),
);

export type Search = Readonly<Record<string, string>>;

/** The widths in pixels that were chosen for columns, by name. */
export type ColumnWidths = Readonly<Record<string, number>>;

/** A state of a list under a name. */
export interface View {
  readonly name: string;
  readonly search: Search;
  readonly widths?: ColumnWidths;
}

/** Remember the state of a list until the tab is closed. */
export function rememberPlace(table: string, search: Search): void {
  write("session", `place:${table}`, search);
}

/** Return the state in which the list of a table was left. */
export function lastPlace(table: string): Search {
  return read("session", `place:${table}`, searchSchema) ?? {};
}

/** Return the columns that were chosen for a list, in their order; none if they were not. */
export function chosenColumns(table: string): readonly string[] {
  return read("local", `columns:${table}`, z.array(z.string())) ?? [];
}

/** Remember the columns of a list; undefined forgets them. */
export function chooseColumns(table: string, columns: readonly string[] | undefined): void {
  write("local", `columns:${table}`, columns);
}

/** Return the widths that were chosen for the columns of a list. */
export function chosenWidths(table: string): ColumnWidths {
  return read("local", `widths:${table}`, widthsSchema) ?? {};
}

/** Remember the widths of the columns of a list. */
export function chooseWidths(table: string, widths: ColumnWidths): void {
  write("local", `widths:${table}`, Object.keys(widths).length > 0 ? widths : undefined);
}

/** Return the views of a list, by name. */
export function viewsOf(table: string): readonly View[] {
  return read("local", `views:${table}`, viewsSchema) ?? [];
}

/** Save a state of a list under a name, in place of a view with the same name. */
export function saveView(table: string, view: View): void {
  const others = viewsOf(table).filter(({ name }) => name !== view.name);
  const views = [...others, view].sort((one, other) => one.name.localeCompare(other.name));
  write("local", `views:${table}`, views);
}

export function removeView(table: string, name: string): void {
  const views = viewsOf(table).filter((view) => view.name !== name);
  write("local", `views:${table}`, views);
}

type Kind = "local" | "session";

function storageOf(kind: Kind): Storage | undefined {
  return kind === "local" ? globalThis.localStorage : globalThis.sessionStorage;
}

function read<Value>(kind: Kind, key: string, schema: z.ZodType<Value>): Value | undefined {
  const text = storageOf(kind)?.getItem(key);
  if (!text) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // written by something else
    throw error;
  }
}

function write(kind: Kind, key: string, value: unknown): void {
  if (value === undefined) storageOf(kind)?.removeItem(key);
  else storageOf(kind)?.setItem(key, JSON.stringify(value));
}
