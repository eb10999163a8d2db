/** Conversion between the values of a row and the drafts that form inputs edit. Pure functions. */

import { z } from "zod";
import { readJson, writeJson } from "../api/json";
import type { AnyRow } from "../api/table";
import { currentMoment } from "../api/time-zone";
import { t } from "../language/messages";
import { isNumber, isWhole } from "./fields";
import { formatInputNumber, parseInputNumber } from "./number-text";
import type { AnyPage, Draft, FieldInfo, Kind } from "./page";
import { parseTimestamp, toLocalInput } from "./timestamps";

export type Drafts = Record<string, Draft>;
export type Values = Record<string, unknown>;

/** Return the draft of a value. */
export function draftOf(field: FieldInfo, value: unknown): Draft {
  if (field.kind === "boolean") return typeof value === "boolean" ? value : null;
  if (isList(field) && !(Array.isArray(value) && value.some(isNotText))) {
    return Array.isArray(value) ? value.map(String) : [];
  }
  if (value === null || value === undefined) return "";
  if (field.kind === "json" || field.kind === "array") return writeJson(value, 2);
  return textOf(field.kind, String(value));
}

/** Whether an item of a list can only be entered as JSON. */
const isNotText = (item: unknown) => item === null || Array.isArray(item);

function textOf(kind: Kind, value: string): string {
  if (kind === "timestamp") return toLocalInput(value);
  if (isNumber(kind)) return formatInputNumber(value);
  const short = value.replace(/(:\d\d):00(\.0+)?$/, "$1");
  if (kind === "local_timestamp") return short;
  return kind === "time" ? short.replace(MILLISECONDS, "$1") : value;
}

const MILLISECONDS = /(\.\d{3})\d+$/; // time inputs of browsers reject more than three decimal places

/** Return the initial draft of a field of a new row. */
export function initialDraft(field: FieldInfo, preset: unknown): Draft {
  if (typeof preset === "string" && preset !== "") return draftOf(field, preset);
  if (field.kind === "boolean") {
    return typeof field.initial === "boolean" ? field.initial : field.nullable ? null : false;
  }
  if (field.current) return draftOf(field, currentValue(field.kind));
  return draftOf(field, field.initial === undefined ? undefined : String(field.initial));
}

/** Return the current date, time or both, to the minute, in the time zone of the application. */
function currentValue(kind: Kind): string {
  const [date, time] = currentMoment();
  if (kind === "date") return date;
  return kind === "time" ? time : `${date}T${time}`;
}

/** Whether the items of a field are entered one by one. Nested lists are entered as JSON. */
export function isList(field: FieldInfo): boolean {
  return field.kind === "array" && field.item !== "array" && field.item !== "json";
}

/** Return the value of a draft; undefined if it is empty. Throws SyntaxError for malformed JSON. */
export function readDraft(field: FieldInfo, draft: Draft): unknown {
  if (typeof draft === "string") return textValue(field, draft);
  if (draft === null) return field.nullable ? null : undefined;
  if (typeof draft === "boolean") return draft;
  if (draft.length === 0 && field.nullable) return null;
  return draft.map((item) => scalar(field, field.item ?? "text", item));
}

function textValue(field: FieldInfo, draft: string): unknown {
  if (draft === "") return field.nullable ? null : undefined;
  if (field.kind === "json" || field.kind === "array") return readJson(draft);
  return scalar(field, field.kind, draft);
}

function scalar(field: FieldInfo, kind: Kind, text: string): unknown {
  if (kind === "timestamp") return parseTimestamp(text);
  if (kind === "boolean") return text === "true";
  if (kind === "choice") return isNumberChoice(field) ? Number(text) : text;
  if (!isNumber(kind)) return text;
  const plain = parseInputNumber(text);
  const isDouble = kind === "number" || (isWhole(kind) && kind !== "int64");
  return isDouble && plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : plain;
}

function isNumberChoice(field: FieldInfo): boolean {
  const first = field.choices?.[0]?.value;
  if (first === undefined) return false;
  return !field.schema?.safeParse(isList(field) ? [first] : first).success;
}

/** Whether two drafts differ. */
export function differs(one: Draft | undefined, other: Draft | undefined): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}

/**
 * Return the schema of a form, which transforms drafts into the values to send.
 *
 * For a new row these are all entered values. For an existing row (`original`) they are only those that differ from
 * `initial`. In both cases the whole row is validated by the table's schema and rules.
 */
export function formSchema(
  page: AnyPage,
  fields: readonly FieldInfo[],
  initial: Drafts,
  original?: AnyRow,
): z.ZodType<Values, Drafts> {
  return z.custom<Drafts>().transform((drafts, context) => {
    const entered = original
      ? fields.filter(({ name }) => differs(drafts[name], initial[name]))
      : fields;
    const problems = new Map<string, string>();
    const values: Values = {};
    for (const field of entered) {
      const isOmitted = !original && field.optional && isEmpty(drafts[field.name]);
      if (isOmitted && !differs(drafts[field.name], initial[field.name])) continue;
      try {
        values[field.name] = readDraft(field, drafts[field.name] ?? "");
      } catch {
        problems.set(field.name, t("field.json"));
      }
      const isRequired = original !== undefined || !field.optional;
      if (isRequired && values[field.name] === undefined && !problems.has(field.name)) {
        problems.set(field.name, t("field.required"));
      }
    }
    for (const { path, message } of check(page, values, original)) {
      const name = String(path[0]);
      if (!problems.has(name)) problems.set(name, message);
    }
    const names = new Set(entered.map(({ name }) => name));
    const reported = [...problems].filter(([name]) => !original || names.has(name));
    for (const [name, message] of reported) {
      context.addIssue({ code: "custom", path: [name], message });
    }
    return reported.length > 0 ? z.NEVER : withoutUndefined(values);
  });
}

/** Whether a draft is empty. An untouched empty input is omitted, so that the server applies its default. */
function isEmpty(draft: Draft | undefined): boolean {
  return (
    draft === undefined ||
    draft === "" ||
    draft === null ||
    (Array.isArray(draft) && draft.length === 0)
  );
}

/** Check a whole row. Secrets of an existing row are not known here, so its schema is that of changes. */
function check(page: AnyPage, entered: Values, original?: AnyRow): readonly z.core.$ZodIssue[] {
  const row: AnyRow = { ...original, ...entered };
  const { create, update } = page.table.schemas;
  const schema = original && page.fields.some(({ isSecret }) => isSecret) ? update : create;
  const names = Object.keys(schema?.shape ?? {});
  const values = Object.fromEntries(names.map((name) => [name, row[name]]));
  return (
    schema?.safeParse(schema === update ? withoutUndefined(values) : values).error?.issues ?? []
  );
}

function withoutUndefined(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
