/** Values between the server's form and that of a form's inputs. Pure functions. */

import { z } from "zod";
import { readJson, writeJson } from "../api/json";
import type { AnyRow } from "../api/table";
import { isNumber, isWhole } from "./fields";
import { localInput, readMoment } from "./moments";
import type { AnyPage, Draft, FieldInfo, Kind } from "./page";

export type Drafts = Record<string, Draft>;
export type Values = Record<string, unknown>;

/** Return what an input shows of a value. */
export function draftOf(field: FieldInfo, value: unknown): Draft {
  if (field.kind === "boolean") return typeof value === "boolean" ? value : null;
  if (isList(field)) return Array.isArray(value) ? value.map(String) : [];
  if (value === null || value === undefined) return "";
  if (field.kind === "json" || field.kind === "array") return writeJson(value, 2);
  return textOf(field.kind, String(value));
}

function textOf(kind: Kind, value: string): string {
  if (kind === "timestamp") return localInput(value);
  const short = value.replace(/(:\d\d):00(\.0+)?$/, "$1");
  if (kind === "local_timestamp") return short;
  return kind === "time" ? short.replace(THOUSANDTHS, "$1") : value;
}

const THOUSANDTHS = /(\.\d{3})\d+$/; // a browser's input of times is empty where there are more

/** Return what the input of a new row shows at first. */
export function initialDraft(field: FieldInfo, preset: unknown): Draft {
  if (typeof preset === "string" && preset !== "") return draftOf(field, preset);
  if (field.kind === "boolean") {
    return typeof field.initial === "boolean" ? field.initial : field.nullable ? null : false;
  }
  return field.initial === undefined ? draftOf(field, undefined) : String(field.initial);
}

/** Whether a field's values are entered one by one. Lists of lists are entered as JSON. */
export function isList(field: FieldInfo): boolean {
  return field.kind === "array" && field.item !== "array" && field.item !== "json";
}

/** Return what an input holds; undefined where nothing was given. Throws SyntaxError for what is no JSON. */
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
  if (kind === "timestamp") return readMoment(text);
  if (kind === "boolean") return text === "true";
  if (kind === "choice") return isNumberChoice(field) ? Number(text) : text;
  if (!isNumber(kind)) return text;
  const plain = text.trim();
  const isDouble = kind === "number" || (isWhole(kind) && kind !== "int64");
  return isDouble && plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : plain;
}

function isNumberChoice(field: FieldInfo): boolean {
  const first = field.choices?.[0]?.value;
  if (first === undefined) return false;
  return !field.schema?.safeParse(isList(field) ? [first] : first).success;
}

/** Whether a draft says something else than another. */
export function differs(one: Draft | undefined, other: Draft | undefined): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}

const REQUIRED = "is required";

/**
 * Return the schema of a form: from what the inputs hold to what the server is sent.
 *
 * Of a new row that is all that was given; of one that is changed (`original`), only what differs from `initial`.
 * Either way the whole row is held to the table's schema and rules.
 */
export function formSchema(
  page: AnyPage,
  fields: readonly FieldInfo[],
  initial: Drafts,
  original?: AnyRow,
): z.ZodType<Values, Drafts> {
  return z.custom<Drafts>().transform((drafts, context) => {
    const given = original
      ? fields.filter(({ name }) => differs(drafts[name], initial[name]))
      : fields;
    const problems = new Map<string, string>();
    const values: Values = {};
    for (const field of given) {
      const isLeftOut = !original && field.optional && isEmpty(drafts[field.name]);
      if (isLeftOut && !differs(drafts[field.name], initial[field.name])) continue;
      try {
        values[field.name] = readDraft(field, drafts[field.name] ?? "");
      } catch {
        problems.set(field.name, "must be JSON");
      }
      const isNeeded = original !== undefined || !field.optional;
      if (isNeeded && values[field.name] === undefined && !problems.has(field.name)) {
        problems.set(field.name, REQUIRED);
      }
    }
    for (const { path, message } of check(page, { ...original, ...values })) {
      const name = String(path[0]);
      if (!problems.has(name)) problems.set(name, message);
    }
    const told = new Set(given.map(({ name }) => name));
    const found = [...problems].filter(([name]) => !original || told.has(name));
    for (const [name, message] of found) {
      context.addIssue({ code: "custom", path: [name], message });
    }
    return found.length > 0 ? z.NEVER : withoutUndefined(values);
  });
}

/** An input that is left empty says nothing: the server has its default. Emptied by hand, it says null. */
function isEmpty(draft: Draft | undefined): boolean {
  return (
    draft === undefined ||
    draft === "" ||
    draft === null ||
    (Array.isArray(draft) && draft.length === 0)
  );
}

function check(page: AnyPage, row: AnyRow): readonly z.core.$ZodIssue[] {
  const known = Object.keys(page.table.schemas.create?.shape ?? {});
  const values = Object.fromEntries(known.map((name) => [name, row[name]]));
  return page.table.schemas.create?.safeParse(values).error?.issues ?? [];
}

function withoutUndefined(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
