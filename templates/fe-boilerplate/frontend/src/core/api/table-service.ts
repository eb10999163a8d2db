/** What a table's service offers, and the forms of what it returns. */

import type { z } from "zod";
import type { Operator } from "./kinds";
import type { ListQuery } from "./list-query";
import type { Reference, Referrer } from "./references";

export type { Operator, Reference, Referrer };

/** One value of a key. 64-bit integers are text. */
export type KeyPart = string | number | boolean;
export type Key = readonly KeyPart[];

export type Precision = "exact" | "at_least" | "estimated";

export interface Page<Row> {
  readonly items: readonly Row[];
  /** The number of rows that match, as precise as `precision` states; null if they were not counted. */
  readonly total: number | null;
  readonly precision: Precision;
  readonly limit: number;
  readonly offset: number | null;
  /** The cursors of the neighbouring pages, where there are any. */
  readonly next: string | null;
  readonly previous: string | null;
  /** The referenced rows by reference, each once, in the read schema of their own table. */
  readonly expanded: Readonly<Record<string, readonly AnyRow[]>>;
}

/** A page as the server sends it. */
export type WirePage = Omit<Page<unknown>, "precision"> & { readonly total_is: Precision };

/** What happens to rows of another table when the rows that they refer to by `fields` are deleted. */
export interface Consequence {
  readonly table: string;
  readonly effect: "delete" | "set_null" | "set_default" | "keep" | "refuse";
  readonly fields: readonly string[];
  readonly rows: number;
}

/**
 * What a deletion would do to other rows. Unless it is complete, each number of rows is a minimum. Rows that are
 * restorable are hidden, with the rows that would be deleted too.
 */
export interface Consequences {
  readonly effects: readonly Consequence[];
  readonly isComplete: boolean;
  readonly isRestorable: boolean;
}

/** The consequences of a deletion as the server sends them. */
export interface WireConsequences extends Pick<Consequences, "effects"> {
  readonly is_complete: boolean;
  readonly is_restorable?: boolean;
}

/** A change of a row. Of an update, `before` and `after` have the fields that it changed. */
export interface HistoryEntry {
  readonly at: string;
  readonly actor: string;
  readonly action: "create" | "update" | "delete";
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** A row and its version, which is sent with changes to detect conflicts. */
export interface Versioned<Row> {
  readonly row: Row;
  readonly etag: string | undefined;
}

export interface Schemas {
  readonly read: z.ZodObject;
  readonly create?: z.ZodObject;
  readonly update?: z.ZodObject;
}

export type AnyRow = Readonly<Record<string, unknown>>;
export type AnyTable = TableService<AnyRow, AnyRow, AnyRow>;

/** The definition of a table. Without `create` it is read-only; without `update` rows cannot be changed. */
export interface Definition<
  Read extends z.ZodObject,
  Create extends z.ZodObject,
  Update extends z.ZodObject,
> {
  readonly name: string;
  readonly path: string;
  readonly key: readonly string[];
  readonly labelFields: readonly string[];
  /** Fields that complete the label where several rows may have the same. */
  readonly labelQualifiers?: readonly string[];
  /** Sets of fields that are unique together. */
  readonly unique?: readonly (readonly string[])[];
  /** Separates count and export from the path: `:` where `/count` can be the path of a row. */
  readonly mark?: "/" | ":";
  readonly schemas: { readonly read: Read; readonly create?: Create; readonly update?: Update };
}

/** The operations of a table. Every call throws `ProblemError` if the server rejects it or cannot be reached. */
export type FileFormat = "csv" | "xlsx";

export interface TableService<Row, Create, Update> {
  readonly name: string;
  readonly path: string;
  readonly mark: "/" | ":";
  /** Fields of the primary key. If it is empty, rows can only be listed. */
  readonly key: readonly string[];
  /** Whether who is logged in may write any rows. */
  readonly writable: boolean;
  readonly creatable: boolean;
  readonly changeable: boolean;
  readonly removable: boolean;
  readonly schemas: Schemas;
  /** Filter operators by field. Fields with the operator `eq` can be sorted by as well. */
  readonly filters: Readonly<Record<string, readonly Operator[]>>;
  readonly references: readonly Reference[];
  readonly referencedBy: readonly Referrer[];
  readonly labelFields: readonly string[];
  readonly labelQualifiers: readonly string[];
  /** Sets of fields that are unique together, without the key. */
  readonly unique: readonly (readonly string[])[];
  label(row: Row): string;
  keyOf(row: Row): Key;
  /** Parse a row of a response. Throws if it does not match the schema. */
  parse(row: unknown): Row;
  list(query?: ListQuery, signal?: AbortSignal): Promise<Page<Row>>;
  count(query?: ListQuery, signal?: AbortSignal): Promise<number>;
  get(key: Key, signal?: AbortSignal): Promise<Versioned<Row>>;
  create(body: Create): Promise<Row>;
  /** Add all rows, or none if one is rejected. */
  createMany(bodies: readonly Create[]): Promise<readonly Row[]>;
  /** Replace a row; fields that `body` leaves out get their defaults. */
  replace(key: Key, body: Create, etag?: string): Promise<Row>;
  update(key: Key, changes: Update, etag?: string): Promise<Row>;
  /** Update the given fields of all these rows, or of none if one change is rejected. */
  updateMany(changes: readonly { key: Key; changes: Update }[]): Promise<readonly Row[]>;
  /** Add and update rows by one request, all or none; fields of a problem begin with `create` or `update`. */
  saveMany(
    added: readonly Create[],
    changes: readonly { key: Key; changes: Update }[],
  ): Promise<void>;
  /** `keepalive` lets the request outlive the page. */
  remove(key: Key, etag?: string, keepalive?: boolean): Promise<void>;
  /** Restore a row that was hidden instead of deleted. */
  restore(key: Key): Promise<Row>;
  /** Return what the deletion of the rows with these keys would do to other rows. */
  consequences(keys: readonly Key[], signal?: AbortSignal): Promise<Consequences>;
  /** Delete all existing rows with these keys or none, and return how many were deleted. */
  removeMany(keys: readonly Key[]): Promise<number>;
  /** Return the changes of a row, the latest first. */
  history(key: Key, signal?: AbortSignal): Promise<readonly HistoryEntry[]>;
  /** Export all rows that match a query, with these columns or all, and with the labels of referenced rows. */
  exportFile(format: FileFormat, query?: ListQuery, columns?: readonly string[]): Promise<Blob>;
}
