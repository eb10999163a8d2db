/** Conversion of values between the application and the JSON of the server. */

import type { z } from "zod";
import { ExactNumber } from "./json";
import { factsOf } from "./kinds";

type Shape = Readonly<Record<string, z.core.$ZodType>>;
type Values = Readonly<Record<string, unknown>>;

/** Return a request body: 64-bit integers become numbers, undefined values are omitted. */
export function toWire(shape: Shape, values: Values): Record<string, unknown> {
  const defined = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    defined.map(([name, value]) => [name, fieldToWire(shape[name], value)]),
  );
}

/** Return the values of a row in a response: 64-bit integers and decimals become text. */
export function fromWire(shape: Shape, row: unknown): Record<string, unknown> {
  const fields = Object.entries((row ?? {}) as Values);
  return Object.fromEntries(
    fields.map(([name, value]) => [name, fieldFromWire(shape[name], value)]),
  );
}

export function fieldToWire(schema: z.core.$ZodType | undefined, value: unknown): unknown {
  if (!schema || value === null) return value;
  const { kind, item } = factsOf(schema);
  if (Array.isArray(value) && kind === "array") return value.map((part) => fieldToWire(item, part));
  return kind === "int64" && typeof value === "string" ? new ExactNumber(value) : value;
}

function fieldFromWire(schema: z.core.$ZodType | undefined, value: unknown): unknown {
  if (!schema || value === null) return value;
  const { kind, item } = factsOf(schema);
  if (Array.isArray(value) && kind === "array")
    return value.map((part) => fieldFromWire(item, part));
  if (kind === "int64" || kind === "decimal") return String(value);
  return kind === "number" ? Number(value) : value;
}
