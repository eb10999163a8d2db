import { z } from "zod";
import { type Answer, fetchFile, type Request, send } from "./client";
import { type Operator, operatorsOf } from "./kinds";
import { type Reference, type Referrer, referencesOf, referrersOf } from "./references";
import { loadTable } from "./tables";
import { fieldToWire, fromWire, toWire } from "./wire";

export type { Operator, Reference, Referrer };

/** One value of a key: digits of 64 bits are text. */
export type KeyPart = string | number | boolean;
export type Key = readonly KeyPart[];

export interface ListQuery {
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  /** Fields in order of weight; `-` in front: descending. */
  readonly sort?: readonly string[] | undefined;
  readonly q?: string | undefined;
  /** References whose rows come along, in `expanded`. */
  readonly expand?: readonly string[] | undefined;
  /** Values by `field` or `field__operator`. */
  readonly filters?: Readonly<Record<string, string>> | undefined;
}

export interface Page<Row> {
  readonly items: readonly Row[];
  readonly total: number;
  readonly limit: number;
  readonly offset: number;
  /** Rows that the references lead to, each once, in the form that their own table gives them. */
  readonly expanded: Readonly<Record<string, readonly AnyRow[]>>;
}

/** A row and its version, to change no other one. */
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

/** What a table's own file tells. Without `create` it is read only, without `update` a row stays. */
export interface Definition<
  Read extends z.ZodObject,
  Create extends z.ZodObject,
  Update extends z.ZodObject,
> {
  readonly name: string;
  readonly path: string;
  readonly key: readonly string[];
  readonly labelFields: readonly string[];
  readonly schemas: { readonly read: Read; readonly create?: Create; readonly update?: Update };
}

/** Every call throws `ProblemError` where the server refuses it. */
export interface TableService<Row, Create, Update> {
  readonly name: string;
  readonly path: string;
  /** Fields of the key. Empty: rows can be listed, and neither got nor changed one by one. */
  readonly key: readonly string[];
  readonly writable: boolean;
  readonly changeable: boolean;
  readonly schemas: Schemas;
  /** What a list can be asked, by field. A field that can be compared can be sorted by too. */
  readonly filters: Readonly<Record<string, readonly Operator[]>>;
  readonly references: readonly Reference[];
  readonly referencedBy: readonly Referrer[];
  readonly labelFields: readonly string[];
  label(row: Row): string;
  keyOf(row: Row): Key;
  /** Read a row of an answer. */
  parse(row: unknown): Row;
  list(query?: ListQuery, signal?: AbortSignal): Promise<Page<Row>>;
  count(query?: ListQuery, signal?: AbortSignal): Promise<number>;
  get(key: Key, signal?: AbortSignal): Promise<Versioned<Row>>;
  create(body: Create): Promise<Row>;
  /** Add rows: all of them, or none where one is refused. */
  createMany(bodies: readonly Create[]): Promise<readonly Row[]>;
  /** Give a row the values of `body`; what that leaves out gets its default. */
  replace(key: Key, body: Create, etag?: string): Promise<Row>;
  update(key: Key, changes: Update, etag?: string): Promise<Row>;
  remove(key: Key, etag?: string): Promise<void>;
  /** Take rows away, all or none, and return how many there were. */
  removeMany(keys: readonly Key[]): Promise<number>;
  /** All rows that a query leaves, as CSV. */
  exportCsv(query?: ListQuery): Promise<Blob>;
}

/** Make the service of a table. */
export function defineTable<
  Read extends z.ZodObject,
  Create extends z.ZodObject,
  Update extends z.ZodObject,
>(
  definition: Definition<Read, Create, Update>,
): TableService<z.output<Read>, z.output<Create>, z.output<Update>> {
  return new Table(definition);
}

class Table<Read extends z.ZodObject, Create extends z.ZodObject, Update extends z.ZodObject>
  implements TableService<z.output<Read>, z.output<Create>, z.output<Update>>
{
  readonly name: string;
  readonly path: string;
  readonly key: readonly string[];
  readonly labelFields: readonly string[];
  readonly schemas: Definition<Read, Create, Update>["schemas"];
  readonly filters: Readonly<Record<string, readonly Operator[]>>;

  constructor(definition: Definition<Read, Create, Update>) {
    this.name = definition.name;
    this.path = definition.path;
    this.key = definition.key;
    this.labelFields = definition.labelFields;
    this.schemas = definition.schemas;
    const fields = Object.entries<z.core.$ZodType>(this.schemas.read.shape);
    const operators = fields.map(([field, schema]) => [field, operatorsOf(schema)] as const);
    this.filters = Object.fromEntries(operators.filter(([, known]) => known.length > 0));
  }

  get writable(): boolean {
    return this.schemas.create !== undefined;
  }

  get changeable(): boolean {
    return this.schemas.update !== undefined;
  }

  get references(): readonly Reference[] {
    return referencesOf(this.name);
  }

  get referencedBy(): readonly Referrer[] {
    return referrersOf(this.name);
  }

  label(row: z.output<Read>): string {
    const told = this.labelFields.map((field) => (row as AnyRow)[field]);
    const known = told.filter((value) => value !== null && value !== undefined && value !== "");
    return known.length > 0 ? known.join(" ") : this.keyOf(row).join(", ");
  }

  keyOf(row: z.output<Read>): Key {
    return this.key.map((field) => (row as AnyRow)[field] as KeyPart);
  }

  parse(row: unknown): z.output<Read> {
    const found = this.schemas.read.safeParse(fromWire(this.schemas.read.shape, row));
    if (found.success) return found.data;
    throw new Error(`${this.name}: an answer has another form: ${z.prettifyError(found.error)}`);
  }

  async list(query: ListQuery = {}, signal?: AbortSignal): Promise<Page<z.output<Read>>> {
    const { body } = await this.send("", { query: listParameters(query), signal });
    const { items, expanded, ...page } = body as unknown as Page<unknown>;
    return {
      ...page,
      items: items.map((row) => this.parse(row)),
      expanded: await this.parseExpanded(expanded ?? {}),
    };
  }

  async count(query: ListQuery = {}, signal?: AbortSignal): Promise<number> {
    const { body } = await this.send("/count", { query: filterParameters(query), signal });
    return (body as { count: number }).count;
  }

  async get(key: Key, signal?: AbortSignal): Promise<Versioned<z.output<Read>>> {
    const { body, etag } = await this.send(keyPath(key), { signal });
    return { row: this.parse(body), etag };
  }

  async create(body: z.output<Create>): Promise<z.output<Read>> {
    return this.parse((await this.send("", { method: "POST", body: this.body(body) })).body);
  }

  async createMany(bodies: readonly z.output<Create>[]): Promise<readonly z.output<Read>[]> {
    const sent = bodies.map((body) => this.body(body));
    const answer = await this.send("/bulk", { method: "POST", body: sent });
    return (answer.body as readonly unknown[]).map((row) => this.parse(row));
  }

  async replace(key: Key, body: z.output<Create>, etag?: string): Promise<z.output<Read>> {
    const sent = Object.entries(this.body(body)).filter(([field]) => !this.key.includes(field));
    const request = { method: "PUT", body: Object.fromEntries(sent), etag } as const;
    return this.parse((await this.send(keyPath(key), request)).body);
  }

  async update(key: Key, changes: z.output<Update>, etag?: string): Promise<z.output<Read>> {
    const request = { method: "PATCH", body: this.body(changes), etag } as const;
    return this.parse((await this.send(keyPath(key), request)).body);
  }

  async remove(key: Key, etag?: string): Promise<void> {
    await this.send(keyPath(key), { method: "DELETE", etag });
  }

  async removeMany(keys: readonly Key[]): Promise<number> {
    const shape = this.schemas.read.shape;
    const sent = keys.map((key) => {
      const parts = key.map((part, place) => fieldToWire(shape[this.key[place] ?? ""], part));
      return parts.length === 1 ? parts[0] : parts;
    });
    const { body } = await this.send("/bulk-delete", { method: "POST", body: sent });
    return (body as { deleted: number }).deleted;
  }

  exportCsv(query: ListQuery = {}): Promise<Blob> {
    return fetchFile(`${this.path}/export.csv`, "text/csv", filterParameters(query, query.sort));
  }

  private send(path: string, request: Request): Promise<Answer> {
    return send(`${this.path}${path}`, request);
  }

  private body(values: AnyRow): Record<string, unknown> {
    return toWire(this.schemas.create?.shape ?? {}, values);
  }

  private async parseExpanded(expanded: Readonly<Record<string, readonly unknown[]>>) {
    const found = Object.entries(expanded).map(async ([name, rows]) => {
      const target = this.references.find((reference) => reference.name === name)?.table;
      const table = target === undefined ? undefined : await loadTable(target);
      return [name, table ? rows.map((row) => table.parse(row)) : []] as const;
    });
    return Object.fromEntries(await Promise.all(found));
  }
}

function keyPath(key: Key): string {
  return key.map((part) => `/${encodeURIComponent(part)}`).join("");
}

function listParameters({ limit, offset, sort, expand, ...query }: ListQuery): URLSearchParams {
  const parameters = filterParameters(query, sort);
  if (limit !== undefined) parameters.set("limit", String(limit));
  if (offset) parameters.set("offset", String(offset));
  if (expand?.length) parameters.set("expand", expand.join(","));
  return parameters;
}

function filterParameters({ q, filters }: ListQuery, sort?: readonly string[]): URLSearchParams {
  const parameters = new URLSearchParams(filters);
  if (sort?.length) parameters.set("sort", sort.join(","));
  if (q) parameters.set("q", q);
  return parameters;
}
