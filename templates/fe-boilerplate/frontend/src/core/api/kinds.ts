import { z } from "zod";

export type Operator =
  | "eq"
  | "ne"
  | "in"
  | "lt"
  | "lte"
  | "gt"
  | "gte"
  | "like"
  | "ilike"
  | "contains"
  | "is_null";

export type Kind =
  | "text"
  | "int16"
  | "int32"
  | "int64"
  | "number"
  | "decimal"
  | "boolean"
  | "date"
  | "time"
  | "timestamp"
  | "local_timestamp"
  | "interval"
  | "span"
  | "uuid"
  | "json"
  | "bytes"
  | "choice"
  | "array"
  | "native";

/** Facts about a field that its schema does not express: its kind and its bounds. */
export interface FieldFacts {
  readonly kind: Kind;
  readonly bounds?: Readonly<Record<string, unknown>>;
  readonly item?: z.ZodType;
  /** The filter operators, where they differ from those of the kind. */
  readonly operators?: readonly Operator[];
}

const factsBySchema = new WeakMap<z.core.$ZodType, FieldFacts>();

/** Attach facts to the schema of a field, and return the schema. */
export function withFacts<Schema extends z.ZodType>(schema: Schema, facts: FieldFacts): Schema {
  factsBySchema.set(schema, facts);
  return schema;
}

/** Return a schema without its optional and nullable wrappers. */
export function inner(schema: z.core.$ZodType): z.core.$ZodType {
  return isWrapped(schema) ? inner(schema.unwrap()) : schema;
}

/** Whether a field accepts null. */
export function isNullable(schema: z.core.$ZodType): boolean {
  return schema instanceof z.ZodNullable || (isWrapped(schema) && isNullable(schema.unwrap()));
}

/** Whether a field may be left out. */
export function isOptional(schema: z.core.$ZodType): boolean {
  return schema instanceof z.ZodOptional || (isWrapped(schema) && isOptional(schema.unwrap()));
}

function isWrapped(schema: z.core.$ZodType): schema is z.ZodOptional | z.ZodNullable {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable;
}

/** Return the facts of an optional, nullable or plain field. Throws for a schema that `core/api/fields` did not create. */
export function factsOf(schema: z.core.$ZodType): FieldFacts {
  const facts = factsBySchema.get(inner(schema));
  if (!facts) throw new Error("the schema was not created by core/api/fields");
  return facts;
}

/** Return the kind of an optional, nullable or plain field. */
export function fieldKind(schema: z.core.$ZodType): Kind {
  return factsOf(schema).kind;
}

const EQUALITY = ["eq", "ne", "in"] as const;
export const ORDERED = [...EQUALITY, "lt", "lte", "gt", "gte"] as const;
export const SEARCHED = [...EQUALITY, "like", "ilike", "contains"] as const;
const OPERATORS: Readonly<Record<Kind, readonly Operator[]>> = {
  text: SEARCHED,
  int16: ORDERED,
  int32: ORDERED,
  int64: ORDERED,
  number: ORDERED,
  decimal: ORDERED,
  date: ORDERED,
  time: ORDERED,
  timestamp: ORDERED,
  local_timestamp: ORDERED,
  interval: ORDERED,
  span: ORDERED,
  boolean: EQUALITY,
  uuid: EQUALITY,
  choice: EQUALITY,
  array: ["contains"],
  json: [],
  bytes: EQUALITY,
  native: [],
};

/** Return the operators by which the server can filter a list by a field. */
export function operatorsOf(schema: z.core.$ZodType): readonly Operator[] {
  const { kind, operators = OPERATORS[kind] } = factsOf(schema);
  const own = isArrayOfJson(schema) ? [] : operators;
  return isNullable(schema) ? [...own, "is_null"] : own;
}

function isArrayOfJson(schema: z.core.$ZodType): boolean {
  const { item } = factsOf(schema);
  return item !== undefined && (fieldKind(item) === "json" || isArrayOfJson(item));
}
