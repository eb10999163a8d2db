import { isSafeNumber, LosslessNumber, parse, stringify } from "lossless-json";

/** A number that a double cannot represent exactly. It preserves its digits. */
export const ExactNumber = LosslessNumber;
export type ExactNumber = LosslessNumber;

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | ExactNumber
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

// A number at which JSON.parse may lose digits: 16 of them, or an exponent.
const LONG_NUMBER = /(?:^|[[:,])\s*-?(?:[\d.]{16}|[\d.]+[eE])/;

/** Parse JSON. Numbers that a double cannot represent exactly become `ExactNumber`. Throws SyntaxError. */
export function readJson(text: string): JsonValue {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as JsonValue; // several times as fast
  return parse(text, null, {
    parseNumber: (digits) => (isSafeNumber(digits) ? Number(digits) : new LosslessNumber(digits)),
  }) as JsonValue;
}

/** Serialize JSON with all digits of each `ExactNumber`. Undefined properties are omitted. */
export function writeJson(value: unknown, indent?: number): string {
  return stringify(value, null, indent) ?? "null";
}

/** Whether a value can be represented in JSON. */
export function isJson(value: unknown): value is JsonValue {
  if (value === null || typeof value === "boolean" || typeof value === "string") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (value instanceof LosslessNumber) return true;
  if (Array.isArray(value)) return value.every(isJson);
  return typeof value === "object" && Object.values(value).every(isJson);
}
