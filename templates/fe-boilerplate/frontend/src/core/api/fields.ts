/** Zod schemas of fields. Each accepts every value that the server accepts. */

import { z } from "zod";
import { type PlainKey, t } from "../language/messages";
import { compare, exact } from "./exact";
import { isJson, type JsonValue } from "./json";
import { factsOf, ORDERED, SEARCHED, withFacts } from "./kinds";

export interface TextBounds {
  /** In code points. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  /** A text that matches the pattern, for the error message. */
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

type Check<Value> = readonly [holds: (value: Value) => boolean, message: () => string];

/** Text that a database can store: without NUL and unpaired surrogates. */
export function text({ min, max, pattern, like }: TextBounds = {}) {
  const checks: Check<string>[] = [STORABLE];
  if (min !== undefined) checks.push([(value) => length(value) >= min, atLeast(min)]);
  if (max !== undefined) checks.push([(value) => length(value) <= max, atMost(max)]);
  if (pattern) checks.push([(value) => pattern.test(value), format(pattern, like)]);
  return withFacts(checked(z.string({ error: typeMessage("field.text") }), checks), {
    kind: "text",
    bounds: { min, max, pattern: pattern?.source },
  });
}

const STORABLE: Check<string> = [
  (value) => !value.includes("\0") && !/\p{Surrogate}/u.test(value),
  () => t("field.storable"),
];
const length = (value: string) => [...value].length;
const atLeast = (count: number) => () =>
  count === 1 ? t("field.required") : t("field.minLength", { count });
const atMost = (count: number) => () => t("field.maxLength", { count });
const format = (pattern: RegExp, like?: string) => () =>
  like === undefined
    ? t("field.pattern", { pattern: pattern.source })
    : t("field.like", { example: like });

export const int16 = (bounds: NumberBounds = {}) => integer("int16", 2 ** 15, bounds);
export const int32 = (bounds: NumberBounds = {}) => integer("int32", 2 ** 31, bounds);

function integer(kind: "int16" | "int32", limit: number, bounds: NumberBounds) {
  const schema = z.int({ error: typeMessage("field.whole") });
  const checks = [...numberChecks({ ge: -limit, le: limit - 1 }), ...numberChecks(bounds)];
  return withFacts(checked(schema, checks), { kind, bounds: { ...bounds } });
}

/** A 64-bit integer as a string of digits, since a double cannot represent all of them. */
export function int64(bounds: NumberBounds<string> = {}) {
  const range = { ge: "-9223372036854775808", le: "9223372036854775807" };
  const schema = z.string({ error: typeMessage("field.whole") });
  const checks: Check<string>[] = [
    [(value) => /^-?\d+$/.test(value), () => t("field.whole")],
    ...digitChecks(range),
    ...digitChecks(bounds),
  ];
  return withFacts(checked(schema, checks), { kind: "int64", bounds: { ...bounds } });
}

/** A floating-point number, or the text of one that JSON has no number for. */
export function float(bounds: NumberBounds = {}) {
  const number = checked(z.number(), numberChecks(bounds));
  const error = typeMessage("field.number");
  return withFacts(z.union([number, z.enum(NON_FINITE)], { error }), {
    kind: "number",
    bounds: { ...bounds },
  });
}

const NON_FINITE = ["NaN", "Infinity", "-Infinity"] as const;

const orNonFinite = ([holds, message]: Check<string>): Check<string> => [
  (value) => isNonFinite(value) || holds(value),
  message,
];

/** Whether a number is sent as text, since JSON has no number for it. */
export const isNonFinite = (value: unknown) => NON_FINITE.some((text) => text === value);

/** An exact decimal as text, with at most `digits` digits in total and `places` decimal places. */
export function decimal({ digits, places, ...bounds }: DecimalBounds = {}) {
  const checks: Check<string>[] = [[(value) => PLAIN.test(value), () => t("field.number")]];
  if (places !== undefined) {
    const text = () => (places ? t("field.places", { count: places }) : t("field.whole"));
    checks.push([(value) => parts(value)[1].length <= places, text]);
  }
  if (digits !== undefined) {
    const whole = Math.max(digits - (places ?? 0), 0);
    const text = () => t("field.digits", { count: whole });
    checks.push([(value) => parts(value)[0].length <= whole, text]);
  }
  return withFacts(
    checked(
      z.string({ error: typeMessage("field.number") }),
      [...checks, ...digitChecks(bounds)].map(orNonFinite),
    ),
    {
      kind: "decimal",
      bounds: { digits, places, ...bounds },
    },
  );
}

const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)$/;

/** Return the digits before and after the decimal point, without leading and trailing zeros. */
function parts(value: string): readonly [string, string] {
  const [whole = "", fraction = ""] = value.replace(/^[+-]/, "").split(".");
  return [whole.replace(/^0+/, ""), fraction.replace(/0+$/, "")];
}

export const bool = () =>
  withFacts(z.boolean({ error: typeMessage("field.boolean") }), { kind: "boolean" });
export const date = () => withFacts(orText(z.iso.date(), far(), "field.date"), { kind: "date" });
export const time = () =>
  withFacts(orText(z.iso.time(), /^24:00(:00(\.0+)?)?$/, "field.time"), { kind: "time" });
export const uuid = () => withFacts(z.guid({ error: typeMessage("field.uuid") }), { kind: "uuid" });
export const bytes = () =>
  withFacts(z.base64({ error: typeMessage("field.base64") }), { kind: "bytes" });

/** A timestamp with an offset from UTC: `2024-01-31T08:00:00Z`. */
export const timestamp = () =>
  withFacts(
    orText(
      z.iso.datetime({ offset: true }),
      far(`${CLOCK}(Z|[+-]\\d\\d(:?\\d\\d){0,2})`),
      "field.timestamp",
    ),
    { kind: "timestamp" },
  );

/** A date and time without a time zone: `2024-01-31T08:00:00`. */
export const localTimestamp = () =>
  withFacts(
    orText(z.iso.datetime({ local: true }).regex(/\d$/), far(CLOCK), "field.localTimestamp"),
    { kind: "local_timestamp" },
  );

const CLOCK = "[ T]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?";

/** Accept also texts of values that PostgreSQL has and JavaScript has no type for. */
function orText<Schema extends z.ZodType<string>>(schema: Schema, pattern: RegExp, key: PlainKey) {
  return z.union([schema, z.string().regex(pattern)], { error: typeMessage(key) });
}

/** Return the pattern of dates before the year 1, after 9999, and without an end; `rest` follows the day. */
function far(rest = "") {
  const day = `-\\d\\d-\\d\\d${rest}`;
  return new RegExp(`^(-?infinity|\\d{4,}${day} BC|\\d{5,}${day})$`);
}

/** A duration in ISO 8601 format: `P1DT2H30M`. */
export const interval = () =>
  withFacts(
    z
      .string({ error: typeMessage("field.duration") })
      .regex(DURATION, { error: () => t("field.isoDuration") }),
    {
      kind: "interval",
    },
  );

const DURATION =
  /^-?infinity$|^[+-]?P(?=[+-]?\d|T[+-]?\d)([+-]?\d+Y)?([+-]?\d+M)?([+-]?\d+W)?([+-]?\d+D)?(T(?=[+-]?\d)([+-]?\d+H)?([+-]?\d+M)?([+-]?\d+([.,]\d+)?S)?)?$/;

/** A span of time as on a clock, up to MySQL's longest: `100:00:00`. */
export const span = () =>
  withFacts(
    z
      .string({ error: typeMessage("field.span") })
      .regex(SPAN, { error: () => t("field.spanRange") }),
    { kind: "span" },
  );

const SPAN = /^-?([0-7]?\d?\d|8[0-2]\d|83[0-8]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$/;

/** A value of a PostgreSQL-only type, in its text form. */
export const native = () =>
  withFacts(checked(z.string({ error: typeMessage("field.text") }), [STORABLE]), {
    kind: "native",
  });

/** Any JSON value except null. Nullable fields add null to their schema. */
export const json = () =>
  withFacts(
    z.custom<Exclude<JsonValue, null>>((value) => value !== null && isJson(value), {
      error: typeMessage("field.json"),
    }),
    { kind: "json" },
  );

/** A value of an enumeration. */
export const choice = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  withFacts(z.enum(values, { error: typeMessage("field.choice") }), {
    kind: "choice",
  });

/** One of the texts that a CHECK constraint allows. */
export const textChoice = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  withFacts(z.enum(values, { error: typeMessage("field.choice") }), {
    kind: "choice",
    operators: SEARCHED,
  });

/** One of the numbers that a CHECK constraint allows. */
export const intChoice = <const Values extends readonly [number, ...number[]]>(values: Values) =>
  withFacts(z.literal(values, { error: typeMessage("field.choice") }), {
    kind: "choice",
    operators: ORDERED,
  });

/** A list. Its items may be null, and lists themselves: PostgreSQL ignores declared dimensions. */
export const array = <Item extends z.ZodType>(item: Item) => {
  const schema = z.union([leafOf(item).nullable(), z.array(z.unknown())]);
  return withFacts(z.array(schema, { error: typeMessage("field.list") }), {
    kind: "array",
    item,
  });
};

/** Return the schema of what is not a list in lists of lists. */
export function leafOf<Item extends z.ZodType>(schema: Item): Item {
  const { item } = factsOf(schema);
  return item === undefined ? schema : leafOf(item as Item);
}

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
  if (ge !== undefined)
    checks.push([(value) => order(value, ge) >= 0, () => t("field.ge", { bound: String(ge) })]);
  if (gt !== undefined)
    checks.push([(value) => order(value, gt) > 0, () => t("field.gt", { bound: String(gt) })]);
  if (le !== undefined)
    checks.push([(value) => order(value, le) <= 0, () => t("field.le", { bound: String(le) })]);
  if (lt !== undefined)
    checks.push([(value) => order(value, lt) < 0, () => t("field.lt", { bound: String(lt) })]);
  return checks;
}

/** Add checks to a schema. Only the first failing check is reported. */
function checked<Value, Schema extends z.ZodType<Value>>(
  schema: Schema,
  checks: Check<Value>[],
): Schema {
  return schema.superRefine((value, context) => {
    const failed = checks.find(([holds]) => !holds(value));
    if (failed) context.addIssue({ code: "custom", message: failed[1]() });
  });
}

/** Return the error message for a value of another type: "is required" for a missing value, else `key`. */
function typeMessage(key: PlainKey) {
  return (issue: { readonly input?: unknown }) =>
    issue.input === undefined || issue.input === null || issue.input === ""
      ? t("field.required")
      : t(key);
}
