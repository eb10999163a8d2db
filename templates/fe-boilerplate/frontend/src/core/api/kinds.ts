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
  | "uuid"
  | "json"
  | "bytes"
  | "choice"
  | "array"
  | "native";

/** What is known of a field beside its schema: its kind, the bounds that it was made with. */
export interface FieldFacts {
  readonly kind: Kind;
  readonly bounds?: Readonly<Record<string, unknown>>;
  readonly item?: z.ZodType;
  /** What a list can be asked about it, where that is not what its kind says. */
  readonly operators?: readonly Operator[];
}

const facts = new WeakMap<z.core.$ZodType, FieldFacts>();

/** Note what a field's schema stands for. */
export function known<Schema extends z.ZodType>(schema: Schema, told: FieldFacts): Schema {
  facts.set(schema, told);
  return schema;
}

/** Return a field's schema without what makes it optional or nullable. */
export function inner(schema: z.core.$ZodType): z.core.$ZodType {
  return isWrapped(schema) ? inner(schema.unwrap()) : schema;
}

/** Whether a field may be null. */
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

/** Return what is known of a field, whether it may be null or left out or not. */
export function factsOf(schema: z.core.$ZodType): FieldFacts {
  const told = facts.get(inner(schema));
  if (!told) throw new Error("a field's schema is not one of core/api/fields");
  return told;
}

/** Return the kind of a field, whether it may be null or left out or not. */
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
  boolean: EQUALITY,
  uuid: EQUALITY,
  choice: EQUALITY,
  array: ["contains"],
  json: [],
  bytes: [],
  native: [],
};

/** Return what a list can be asked about a field: the operators that the server has for it. */
export function operatorsOf(schema: z.core.$ZodType): readonly Operator[] {
  const { kind, operators = OPERATORS[kind] } = factsOf(schema);
  return isNullable(schema) ? [...operators, "is_null"] : operators;
}
