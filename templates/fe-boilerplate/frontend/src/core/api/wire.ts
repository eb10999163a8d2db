/** Conversion of values between the application and the JSON of the server. */

import type { z } from "zod";
import { isNonFinite, leafOf } from "./fields";
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
  if (Array.isArray(value)) return convertItems(schema, value, fieldToWire);
  return factsOf(schema).kind === "int64" && typeof value === "string"
    ? new ExactNumber(value)
    : value;
}

function fieldFromWire(schema: z.core.$ZodType | undefined, value: unknown): unknown {
  if (!schema || value === null) return value;
  if (Array.isArray(value)) return convertItems(schema, value, fieldFromWire);
  const { kind } = factsOf(schema);
  if (kind === "int64" || kind === "decimal") return String(value);
  return kind === "number" && !isNonFinite(value) ? Number(value) : value;
}

/** Convert what an array holds, however deep its lists are; a list of any other kind is JSON. */
function convertItems(
  schema: z.core.$ZodType,
  list: readonly unknown[],
  convert: typeof fieldToWire,
): unknown {
  const { item } = factsOf(schema);
  if (!item) return list;
  const nested = factsOf(item).kind === "array" ? item : schema;
  return list.map((part) =>
    Array.isArray(part) ? convertItems(nested, part, convert) : convert(leafOf(item), part),
  );
}
