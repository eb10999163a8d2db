/** Values between the form that they have here and the JSON that the server speaks. */

import type { z } from "zod";
import { ExactNumber } from "./json";
import { factsOf } from "./kinds";

type Shape = Readonly<Record<string, z.core.$ZodType>>;
type Values = Readonly<Record<string, unknown>>;

/** Make a request's body: whole numbers of 64 bits become numbers, what is undefined is left out. */
export function toWire(shape: Shape, values: Values): Record<string, unknown> {
  const told = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(told.map(([name, value]) => [name, fieldToWire(shape[name], value)]));
}

/** Make values of an answer's row: numbers whose digits count become texts. */
export function fromWire(shape: Shape, row: unknown): Record<string, unknown> {
  const fields = Object.entries((row ?? {}) as Values);
  return Object.fromEntries(
    fields.map(([name, value]) => [name, fieldFromWire(shape[name], value)]),
  );
}

export function fieldToWire(schema: z.core.$ZodType | undefined, value: unknown): unknown {
  if (!schema || value === null) return value;
  const { kind, item } = factsOf(schema);
  if (Array.isArray(value) && kind === "array") return value.map((one) => fieldToWire(item, one));
  return kind === "int64" && typeof value === "string" ? new ExactNumber(value) : value;
}

function fieldFromWire(schema: z.core.$ZodType | undefined, value: unknown): unknown {
  if (!schema || value === null) return value;
  const { kind, item } = factsOf(schema);
  if (Array.isArray(value) && kind === "array") return value.map((one) => fieldFromWire(item, one));
  if (kind === "int64" || kind === "decimal") return String(value);
  return kind === "number" ? Number(value) : value;
}
