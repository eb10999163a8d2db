/**
 * Rules over a whole row: the CHECK constraints of the database.
 *
 * Evaluation follows SQL's three-valued logic: a comparison with null is unknown (null), and an
 * unknown rule is not violated. The server checks all rules again.
 */

import type { z } from "zod";
import { type Text, textIn } from "../language/texts";
import { compare, type Exact, exact, minus, plus, times } from "./exact";
import { isNonFinite } from "./fields";
import { currentMoment } from "./time-zone";

type Values = Readonly<Record<string, unknown>>;
type Truth = boolean | null;

/**
 * A CHECK constraint: its name, the fields it mentions, what it demands, and a function that evaluates it.
 *
 * The message has fields in backticks.
 */
export interface Rule {
  readonly name: string;
  readonly fields: readonly string[];
  readonly message: Text;
  readonly holds: (row: Values) => unknown;
}

const messages = new Map<string, Text>();

/** Return what a constraint demands; undefined for one that is no known rule. */
export function constraintText(name: string): string | undefined {
  const message = messages.get(name);
  return message && textIn(message);
}

/** Add rules to the schema of a new row. A violation is reported at each field of the rule. */
export function withRules<Schema extends z.ZodObject>(
  schema: Schema,
  rules: readonly Rule[],
): Schema {
  return rules.reduce((result, rule) => withRule(result, rule, () => true), schema);
}

/** Add rules to the schema of changes. Only rules whose fields are all changed are evaluated. */
export function withRulesOfChanges<Schema extends z.ZodObject>(
  schema: Schema,
  rules: readonly Rule[],
): Schema {
  const isComplete = (row: Values, rule: Rule) =>
    rule.fields.every((field) => row[field] !== undefined);
  return rules.reduce((result, rule) => withRule(result, rule, isComplete), schema);
}

function withRule<Schema extends z.ZodObject>(
  schema: Schema,
  rule: Rule,
  applies: (row: Values, rule: Rule) => boolean,
): Schema {
  messages.set(rule.name, rule.message);
  return schema.superRefine(
    (row, context) => {
      if (!applies(row, rule) || rule.holds(row) !== false) return;
      for (const field of rule.fields) {
        context.addIssue({ code: "custom", path: [field], message: textIn(rule.message) });
      }
    },
    {
      when: ({ value, issues }) =>
        isObject(value) && !issues.some((issue) => mentions(rule, issue)),
    },
  );
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function mentions(
  rule: Rule,
  issue: { readonly path?: readonly PropertyKey[] | undefined },
): boolean {
  return rule.fields.includes(String(issue.path?.[0]));
}

// ---------------------------------------------------------------------------------------- values

/** Return a number as an exact decimal; null for NaN and infinity. */
export function num(value: unknown): Exact | null {
  if (isNonFinite(value)) return null;
  return typeof value === "string" || typeof value === "number" ? exact(value) : null;
}

/** Return a time of day with all decimal places, so that text comparison orders times. */
export function timeOfDay(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const [time = "", fraction = ""] = value.split(".");
  return `${time.length > 5 ? time : `${time}:00`}.${fraction.padEnd(6, "0")}`;
}

/** Return a span of time in microseconds. */
export function span(value: unknown): number | null {
  if (typeof value !== "string") return null;
  const [, sign = "", hours, minutes, seconds = "", fraction = ""] =
    /^(-?)(\d+):(\d+)(?::(\d+)(?:\.(\d+))?)?$/.exec(value) ?? [];
  if (hours === undefined) return null;
  const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return (sign ? -1 : 1) * (whole * 1_000_000 + Number(fraction.padEnd(6, "0")));
}

/** Return a timestamp in microseconds since 1970. Without a time zone it is taken as UTC. */
export function timestamp(value: unknown): number | null {
  if (typeof value !== "string") return null;
  const [, start = "", fraction = "", zone = ""] =
    /^(.*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$/.exec(value) ?? [];
  return Date.parse(`${start}${zone || "Z"}`) * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}

/** Return the current date in the time zone of the application. */
export function today(): string {
  return currentMoment()[0];
}

/** Return the current time in microseconds since 1970. */
export function now(): number {
  return Date.now() * 1000;
}

// ------------------------------------------------------------------------------------ operations

/** Compare as a sort function does; null if a value is unknown or the types cannot be compared. */
function order(left: unknown, right: unknown): number | null {
  if (left === null || left === undefined || right === null || right === undefined) return null;
  if (isExact(left) && isExact(right)) return compare(left, right);
  if (typeof left === "string" && typeof right === "string")
    return left < right ? -1 : Number(left > right);
  if (typeof left === "number" && typeof right === "number") return left - right;
  return left === right ? 0 : null;
}

function isExact(value: unknown): value is Exact {
  return typeof value === "object" && value !== null && "units" in value;
}

const test =
  (passes: (order: number) => boolean) =>
  (left: unknown, right: unknown): Truth => {
    const result = order(left, right);
    return result === null || Number.isNaN(result) ? null : passes(result);
  };

export const lt = test((result) => result < 0);
export const le = test((result) => result <= 0);
export const gt = test((result) => result > 0);
export const ge = test((result) => result >= 0);

export function eq(left: unknown, right: unknown): Truth {
  if (typeof left === "boolean" && typeof right === "boolean") return left === right;
  return test((result) => result === 0)(left, right);
}

export function ne(left: unknown, right: unknown): Truth {
  return not(eq(left, right));
}

export function allOf(...parts: unknown[]): Truth {
  if (parts.includes(false)) return false;
  return parts.every((part) => part === true) || null;
}

export function anyOf(...parts: unknown[]): Truth {
  if (parts.includes(true)) return true;
  return parts.every((part) => part === false) ? false : null;
}

export function not(part: unknown): Truth {
  return typeof part === "boolean" ? !part : null;
}

export function oneOf(value: unknown, ...choices: unknown[]): Truth {
  return anyOf(...choices.map((choice) => eq(value, choice)));
}

export function isNull(value: unknown): boolean {
  return value === null || value === undefined;
}

export function countKnown(...values: unknown[]): Exact {
  return exact(values.filter((value) => !isNull(value)).length);
}

export function coalesce(...values: unknown[]): unknown {
  return values.find((value) => !isNull(value)) ?? null;
}

/** Return the number of characters (code points) or items. */
export function length(value: unknown): Exact | null {
  return typeof value === "string" || Array.isArray(value) ? exact([...value].length) : null;
}

export function contained(items: unknown, choices: readonly unknown[]): Truth {
  return Array.isArray(items) ? items.every((item) => choices.includes(item)) : null;
}

export function matches(value: unknown, pattern: RegExp): Truth {
  return typeof value === "string" ? pattern.test(value) : null;
}

const ofText = (change: (value: string) => string | null) => (value: unknown) =>
  typeof value === "string" ? change(value) : null;

// Null where the length changes (ß), which databases do in different ways.
const sameLength = (before: string, after: string) =>
  before.length === after.length ? after : null;

export const lower = ofText((value) => sameLength(value, value.toLowerCase()));
export const upper = ofText((value) => sameLength(value, value.toUpperCase()));
export const trim = ofText((value) => value.replace(/^ +| +$/g, ""));

const ofNumbers =
  (operation: (left: Exact, right: Exact) => Exact) =>
  (left: unknown, right: unknown): Exact | null =>
    isExact(left) && isExact(right) ? operation(left, right) : null;

export const add = ofNumbers(plus);
export const sub = ofNumbers(minus);
export const mul = ofNumbers(times);
