import { z } from "zod";
import { fetchFile, type JsonResponse, type Request, send } from "./client";
import { isHeld } from "./held-deletions";
import { fieldKind, type Operator, operatorsOf } from "./kinds";
import { exportParameters, filterParameters, type ListQuery, listParameters } from "./list-query";
import { ProblemError } from "./problem";
import { type Reference, type Referrer, referencesOf, referrersOf } from "./references";
import { isAllowed, isFieldAllowed } from "./session-state";
import type {
  AnyRow,
  Consequences,
  Definition,
  FileFormat,
  HistoryEntry,
  Key,
  KeyPart,
  Page,
  TableService,
  Versioned,
  WireConsequences,
  WirePage,
} from "./table-service";
import { loadTable } from "./tables";
import { fieldToWire, fromWire, toWire } from "./wire";

export type {
  AnyRow,
  AnyTable,
  Consequence,
  Consequences,
  Definition,
  FileFormat,
  HistoryEntry,
  Key,
  KeyPart,
  Operator,
  Page,
  Precision,
  Reference,
  Referrer,
  Schemas,
  TableService,
  Versioned,
} from "./table-service";

const FILE_TYPES: Readonly<Record<FileFormat, string>> = {
  csv: "text/csv",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};

/** Create the service of a table. */
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
  readonly mark: "/" | ":";
  readonly key: readonly string[];
  readonly labelFields: readonly string[];
  readonly labelQualifiers: readonly string[];
  readonly unique: readonly (readonly string[])[];
  readonly schemas: Definition<Read, Create, Update>["schemas"];
  readonly filters: Readonly<Record<string, readonly Operator[]>>;
  private readable: Read | undefined;

  constructor(definition: Definition<Read, Create, Update>) {
    this.name = definition.name;
    this.path = definition.path;
    this.mark = definition.mark ?? "/";
    this.key = definition.key;
    this.labelFields = definition.labelFields;
    this.labelQualifiers = definition.labelQualifiers ?? [];
    this.unique = definition.unique ?? [];
    this.schemas = definition.schemas;
    const fields = Object.entries<z.core.$ZodType>(this.schemas.read.shape);
    const operators = fields.map(([field, schema]) => [field, operatorsOf(schema)] as const);
    this.filters = Object.fromEntries(operators.filter(([, names]) => names.length > 0));
  }

  get writable(): boolean {
    return this.creatable || this.changeable || this.removable;
  }

  get creatable(): boolean {
    return this.schemas.create !== undefined && isAllowed("create", this.path);
  }

  get changeable(): boolean {
    return this.schemas.update !== undefined && isAllowed("update", this.path);
  }

  get removable(): boolean {
    return this.schemas.create !== undefined && isAllowed("delete", this.path);
  }

  get references(): readonly Reference[] {
    return referencesOf(this.name);
  }

  get referencedBy(): readonly Referrer[] {
    return referrersOf(this.name);
  }

  label(row: z.output<Read>): string {
    const values = this.labelFields.map((field) => (row as AnyRow)[field]);
    const parts = values.filter((value) => value !== null && value !== undefined && value !== "");
    return parts.length > 0 ? parts.join(" ") : this.keyOf(row).join(", ");
  }

  keyOf(row: z.output<Read>): Key {
    return this.key.map((field) => (row as AnyRow)[field] as KeyPart);
  }

  parse(row: unknown): z.output<Read> {
    this.readable ??= readableSchema(this.path, this.schemas.read);
    const result = this.readable.safeParse(fromWire(this.schemas.read.shape, row));
    if (result.success) return result.data;
    throw new Error(`${this.name}: unexpected response: ${z.prettifyError(result.error)}`);
  }

  async list(query: ListQuery = {}, signal?: AbortSignal): Promise<Page<z.output<Read>>> {
    const { body } = await this.send("", { query: listParameters(query), signal });
    const { items, expanded, total_is, ...page } = body as unknown as WirePage;
    const rows = items.map((row) => this.parse(row));
    const shown = rows.filter((row) => !isHeld(this.name, this.keyOf(row)));
    return {
      ...page,
      total: page.total === null ? null : page.total - (rows.length - shown.length),
      precision: total_is,
      items: shown,
      expanded: await this.parseExpanded(expanded ?? {}),
    };
  }

  async count(query: ListQuery = {}, signal?: AbortSignal): Promise<number> {
    const { body } = await this.send(`${this.mark}count`, {
      query: filterParameters(query),
      signal,
    });
    return (body as { count: number }).count;
  }

  async get(key: Key, signal?: AbortSignal): Promise<Versioned<z.output<Read>>> {
    if (isHeld(this.name, key)) throw new ProblemError(404, "Not Found", "");
    const { body, etag } = await this.send(keyPath(key), { signal });
    return { row: this.parse(body), etag };
  }

  async create(body: z.output<Create>): Promise<z.output<Read>> {
    return this.parse((await this.send("", { method: "POST", body: this.body(body) })).body);
  }

  async createMany(bodies: readonly z.output<Create>[]): Promise<readonly z.output<Read>[]> {
    return this.sendMany(
      "/bulk",
      bodies.map((body) => this.body(body)),
    );
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

  async updateMany(
    all: readonly { key: Key; changes: z.output<Update> }[],
  ): Promise<readonly z.output<Read>[]> {
    return this.sendMany("/bulk-update", this.wireChanges(all));
  }

  async saveMany(
    added: readonly z.output<Create>[],
    changes: readonly { key: Key; changes: z.output<Update> }[],
  ): Promise<void> {
    const create = added.map((body) => this.body(body));
    const body = { create, update: this.wireChanges(changes) };
    await this.send("/bulk-save", { method: "POST", body });
  }

  async remove(key: Key, etag?: string, keepalive = false): Promise<void> {
    await this.send(keyPath(key), { method: "DELETE", etag, keepalive });
  }

  async restore(key: Key): Promise<z.output<Read>> {
    const { body } = await this.send(this.pathBelow(key, "restore"), { method: "POST" });
    return this.parse(body);
  }

  async consequences(keys: readonly Key[], signal?: AbortSignal): Promise<Consequences> {
    const [key, ...others] = keys;
    const { body } =
      key && others.length === 0
        ? await this.send(this.pathBelow(key, "consequences"), { signal })
        : await this.send("/bulk-consequences", {
            method: "POST",
            body: keys.map((each) => this.wireKey(each)),
            signal,
          });
    const { effects, is_complete, is_restorable } = body as unknown as WireConsequences;
    return { effects, isComplete: is_complete, isRestorable: is_restorable ?? false };
  }

  async removeMany(keys: readonly Key[]): Promise<number> {
    const sent = keys.map((key) => this.wireKey(key));
    const { body } = await this.send("/bulk-delete", { method: "POST", body: sent });
    return (body as { deleted: number }).deleted;
  }

  async history(key: Key, signal?: AbortSignal): Promise<readonly HistoryEntry[]> {
    const { body } = await this.send(this.pathBelow(key, "history"), { signal });
    return body as unknown as readonly HistoryEntry[];
  }

  exportFile(
    format: FileFormat,
    query: ListQuery = {},
    columns: readonly string[] = [],
  ): Promise<Blob> {
    const path = `${this.path}${this.mark}export.${format}`;
    const parameters = exportParameters({ ...query, labels: true });
    if (columns.length > 0) parameters.set("columns", columns.join(","));
    if (format === "csv") parameters.set("bom", "true");
    else parameters.set("time_zone", Intl.DateTimeFormat().resolvedOptions().timeZone);
    return fetchFile(path, FILE_TYPES[format], { query: parameters });
  }

  private send(path: string, request: Request): Promise<JsonResponse> {
    return send(`${this.path}${path}`, request);
  }

  private async sendMany(
    path: string,
    body: readonly unknown[],
  ): Promise<readonly z.output<Read>[]> {
    const response = await this.send(path, { method: "POST", body });
    return (response.body as readonly unknown[]).map((row) => this.parse(row));
  }

  /** Return the path of a part of a row. A key that is text comes last, since it would include the name. */
  private pathBelow(key: Key, name: string): string {
    const kinds = this.key.map((field) => fieldKind(this.schemas.read.shape[field]));
    const isText = kinds.some((kind) => ["text", "choice", "bytes"].includes(kind));
    return isText ? `:${name}${keyPath(key)}` : `${keyPath(key)}/${name}`;
  }

  private wireChanges(all: readonly { key: Key; changes: z.output<Update> }[]) {
    return all.map(({ key, changes }) => ({
      key: this.wireKey(key),
      changes: this.body(changes),
    }));
  }

  private wireKey(key: Key): unknown {
    const shape = this.schemas.read.shape;
    const parts = key.map((part, index) => fieldToWire(shape[this.key[index] ?? ""], part));
    return parts.length === 1 ? parts[0] : parts;
  }

  private body(values: AnyRow): Record<string, unknown> {
    return toWire(this.schemas.create?.shape ?? {}, values);
  }

  private async parseExpanded(expanded: Readonly<Record<string, readonly unknown[]>>) {
    const parsed = Object.entries(expanded).map(async ([name, rows]) => {
      const target = this.references.find((reference) => reference.name === name)?.table;
      const table = target === undefined ? undefined : await loadTable(target);
      return [name, table ? rows.map((row) => table.parse(row)) : []] as const;
    });
    return Object.fromEntries(await Promise.all(parsed));
  }
}

/** Return the schema of rows without the fields that who is logged in may not read: the backend leaves them out. */
function readableSchema<Read extends z.ZodObject>(path: string, read: Read): Read {
  const fields = Object.entries<z.core.$ZodType>(read.shape);
  const shown = fields.filter(([field]) => isFieldAllowed("read", path, field));
  if (shown.length === fields.length) return read;
  return z.object(Object.fromEntries(shown)) as unknown as Read;
}

function keyPath(key: Key): string {
  return key.map((part) => `/${encodeURIComponent(part)}`).join("");
}
