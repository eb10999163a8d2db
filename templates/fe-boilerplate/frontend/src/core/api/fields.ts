/** Fields as zod schemas: what the server accepts in a request, and no less. */

import { z } from "zod";
import { compare, exact } from "./exact";
import { isJson, type JsonValue } from "./json";
import { known, ORDERED, SEARCHED } from "./kinds";

export interface TextBounds {
  /** In characters, as a person counts them. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  /** A text that the pattern accepts: it tells more than the pattern does. */
  readonly like?: string;
}

export interface NumberBounds<Bound = number> {
  readonly ge?: Bound;
  readonly gt?: Bound;
  readonly le?: Bound;
  readonly lt?: Bound;
}

export interface DecimalBounds extends NumberBounds<string> {
  readonly digits?: number;
  readonly places?: number;
}

type Check<Value> = readonly [holds: (value: Value) => boolean, message: string];

/** Text without what no database can keep. */
export function text({ min, max, pattern, like }: TextBounds = {}) {
  const checks: Check<string>[] = [[isStorable, "has a character that cannot be kept"]];
  if (min !== undefined) checks.push([(value) => length(value) >= min, atLeast(min)]);
  if (max !== undefined) checks.push([(value) => length(value) <= max, atMost(max)]);
  if (pattern) checks.push([(value) => pattern.test(value), form(pattern, like)]);
  return known(checked(z.string({ error: said("must be text") }), checks), {
    kind: "text",
    bounds: { min, max, pattern: pattern?.source },
  });
}

const isStorable = (value: string) => !value.includes("\0") && !/\p{Surrogate}/u.test(value);
const length = (value: string) => [...value].length;
const letters = (count: number) => `${count} ${count === 1 ? "character" : "characters"}`;
const atLeast = (count: number) =>
  count === 1 ? "is required" : `needs ${letters(count)} or more`;
const atMost = (count: number) => `has room for ${letters(count)}`;
const form = (pattern: RegExp, like?: string) =>
  like === undefined ? `must have the form ${pattern.source}` : `must have a form like ${like}`;

export const int16 = (bounds: NumberBounds = {}) => integer("int16", 2 ** 15, bounds);
export const int32 = (bounds: NumberBounds = {}) => integer("int32", 2 ** 31, bounds);

function integer(kind: "int16" | "int32", most: number, bounds: NumberBounds) {
  const schema = z.int({ error: said("must be a whole number") });
  const checks = [...numberChecks({ ge: -most, le: most - 1 }), ...numberChecks(bounds)];
  return known(checked(schema, checks), { kind, bounds: { ...bounds } });
}

/** A whole number of 64 bits as its digits: a double would lose some. */
export function int64(bounds: NumberBounds<string> = {}) {
  const most = { ge: "-9223372036854775808", le: "9223372036854775807" };
  const schema = z.string({ error: said("must be a whole number") });
  const checks: Check<string>[] = [
    [(value) => /^-?\d+$/.test(value), "must be a whole number"],
    ...digitChecks(most),
    ...digitChecks(bounds),
  ];
  return known(checked(schema, checks), { kind: "int64", bounds: { ...bounds } });
}

/** A number that need not be exact. */
export function float(bounds: NumberBounds = {}) {
  const schema = z.number({ error: said("must be a number") });
  return known(checked(schema, numberChecks(bounds)), { kind: "number", bounds: { ...bounds } });
}

/** An exact decimal as text: so many digits, so many of them behind the point. */
export function decimal({ digits, places, ...bounds }: DecimalBounds = {}) {
  const checks: Check<string>[] = [[(value) => PLAIN.test(value), "must be a number"]];
  if (places !== undefined) {
    const message = places ? `has room for ${places} digits behind the point` : "must be whole";
    checks.push([(value) => parts(value)[1].length <= places, message]);
  }
  if (digits !== undefined) {
    const whole = Math.max(digits - (places ?? 0), 0);
    const message = `has room for ${whole} digits before the point`;
    checks.push([(value) => parts(value)[0].length <= whole, message]);
  }
  return known(
    checked(z.string({ error: said("must be a number") }), [...checks, ...digitChecks(bounds)]),
    {
      kind: "decimal",
      bounds: { digits, places, ...bounds },
    },
  );
}

const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)$/;

/** Return the digits of a decimal before and behind the point, without zeros that say nothing. */
function parts(value: string): readonly [string, string] {
  const [whole = "", fraction = ""] = value.replace(/^[+-]/, "").split(".");
  return [whole.replace(/^0+/, ""), fraction.replace(/0+$/, "")];
}

export const bool = () =>
  known(z.boolean({ error: said("must be yes or no") }), { kind: "boolean" });
export const date = () => known(z.iso.date({ error: said("must be a date") }), { kind: "date" });
export const time = () => known(z.iso.time({ error: said("must be a time") }), { kind: "time" });
export const uuid = () => known(z.guid({ error: said("must be a UUID") }), { kind: "uuid" });
export const bytes = () => known(z.base64({ error: said("must be base64") }), { kind: "bytes" });

/** A moment with its offset from UTC: `2024-01-31T08:00:00Z`. */
export const timestamp = () =>
  known(z.iso.datetime({ offset: true, error: said("must be a date and time with its zone") }), {
    kind: "timestamp",
  });

/** A date and time of no particular zone: `2024-01-31T08:00:00`. */
export const localTimestamp = () =>
  known(
    z.iso
      .datetime({ local: true, error: said("must be a date and time") })
      .regex(/\d$/, "must be a date and time without a zone"),
    { kind: "local_timestamp" },
  );

/** A span of time, as ISO 8601 writes it: `P1DT2H30M`. */
export const interval = () =>
  known(
    z.string({ error: said("must be a duration") }).regex(SPAN, "must be a duration like P1DT2H"),
    {
      kind: "interval",
    },
  );

const SPAN =
  /^[+-]?P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?$/;

/** A type that only the database knows, as its text. */
export const native = () =>
  known(
    checked(z.string({ error: said("must be text") }), [
      [isStorable, "has a character that cannot be kept"],
    ]),
    {
      kind: "native",
    },
  );

/** Any JSON but null: a field that may be null says so itself. */
export const json = () =>
  known(
    z.custom<Exclude<JsonValue, null>>((value) => value !== null && isJson(value), {
      error: said("must be JSON"),
    }),
    { kind: "json" },
  );

/** One of an enumeration's values. */
export const choice = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  known(z.enum(values, { error: said("must be one of the choices") }), { kind: "choice" });

/** One of the texts that a column is held to. */
export const textChoice = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  known(z.enum(values, { error: said("must be one of the choices") }), {
    kind: "choice",
    operators: SEARCHED,
  });

/** One of the numbers that a column is held to. */
export const intChoice = <const Values extends readonly [number, ...number[]]>(values: Values) =>
  known(z.literal(values, { error: said("must be one of the choices") }), {
    kind: "choice",
    operators: ORDERED,
  });

export const array = <Item extends z.ZodType>(item: Item) =>
  known(z.array(item, { error: said("must be a list") }), { kind: "array", item });

function numberChecks(bounds: NumberBounds): Check<number>[] {
  return boundChecks(bounds, (value, bound) => value - bound);
}

function digitChecks(bounds: NumberBounds<string>): Check<string>[] {
  return boundChecks(bounds, (value, bound) =>
    PLAIN.test(value) ? compare(exact(value), exact(bound)) : 0,
  );
}

function boundChecks<Value>(
  { ge, gt, le, lt }: NumberBounds<Value>,
  order: (value: Value, bound: Value) => number,
): Check<Value>[] {
  const checks: Check<Value>[] = [];
  if (ge !== undefined) checks.push([(value) => order(value, ge) >= 0, `must be ${ge} or more`]);
  if (gt !== undefined) checks.push([(value) => order(value, gt) > 0, `must be more than ${gt}`]);
  if (le !== undefined) checks.push([(value) => order(value, le) <= 0, `must be ${le} or less`]);
  if (lt !== undefined) checks.push([(value) => order(value, lt) < 0, `must be less than ${lt}`]);
  return checks;
}

/** Add checks to a schema; the first that does not hold is told. */
function checked<Value, Schema extends z.ZodType<Value>>(
  schema: Schema,
  checks: Check<Value>[],
): Schema {
  return schema.superRefine((value, context) => {
    const failed = checks.find(([holds]) => !holds(value));
    if (failed) context.addIssue({ code: "custom", message: failed[1] });
  });
}

/** Return what a value of another type is told: that there has to be one, or what it has to be. */
function said(message: string) {
  return (issue: { readonly input?: unknown }) =>
    issue.input === undefined || issue.input === null || issue.input === ""
      ? "is required"
      : message;
}
