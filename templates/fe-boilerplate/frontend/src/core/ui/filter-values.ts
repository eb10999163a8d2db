/** Filters of one field, between what its form holds and what the server is asked. */

import { choiceLabel, isMoment, isNumber } from "./fields";
import { formatText } from "./formats";
import { localInput, readMoment } from "./moments";
import type { AnyPage, FieldInfo } from "./page";

export type Filters = Readonly<Record<string, string>>;

/** What a column's filter asks: not all of it makes sense for each type. */
export interface FilterDraft {
  /** The text that it contains, or the value that it has. */
  readonly value: string;
  /** The choices that it is among. */
  readonly among: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly isNull: "" | "true" | "false";
}

export type FilterForm = "text" | "choices" | "range" | "boolean" | "reference" | "value" | "null";

/** Return how a field is filtered; undefined where it cannot be. */
export function filterForm(page: AnyPage, field: FieldInfo): FilterForm | undefined {
  const operators = page.table.filters[field.name] ?? [];
  if (field.format === "secret") return undefined;
  if (operators.length === 0) return undefined;
  if (operators.length === 1 && operators[0] === "is_null") return "null";
  if (field.reference) return "reference";
  if (field.kind === "boolean") return "boolean";
  if (field.kind === "array") return "text";
  if (field.choices) return "choices";
  if (operators.includes("contains")) return "text";
  return operators.includes("gte") && field.kind !== "interval" ? "range" : "value";
}

/** Return whether an empty value can be asked for. */
export function canBeNull(page: AnyPage, field: FieldInfo): boolean {
  return page.table.filters[field.name]?.includes("is_null") ?? false;
}

/** Return a field's filter as its form holds it. */
export function readFilter(field: FieldInfo, filters: Filters): FilterDraft {
  const told = (operator: string) => filters[`${field.name}__${operator}`] ?? "";
  const shown = (value: string) => (field.kind === "timestamp" ? localInput(value) : value);
  const isNull = told("is_null");
  return {
    value: told("contains") || told("eq"),
    among: told("in").split(",").filter(Boolean),
    from: shown(told("gte")),
    to: shown(told("lte")),
    isNull: isNull === "true" || isNull === "false" ? isNull : "",
  };
}

/** Return all filters with this field's as its form has them. */
export function writeFilter(
  form: FilterForm,
  field: FieldInfo,
  draft: FilterDraft,
  all: Filters,
): Filters {
  const name = field.name;
  const found = withoutField(name, all);
  const put = (operator: string, value: string) => {
    if (value) found[`${name}__${operator}`] = value;
  };
  const bound = (value: string) => (field.kind === "timestamp" ? readMoment(value) : value);
  put("is_null", draft.isNull);
  if (draft.isNull === "true") return found;
  if (form === "text") put("contains", draft.value.trim());
  else if (form === "choices") put("in", draft.among.join(","));
  else if (form === "range") {
    put("gte", bound(draft.from));
    put("lte", bound(draft.to));
  } else if (form !== "null") put("eq", draft.value.trim());
  return found;
}

/** Return the filters without those of one field. */
export function withoutField(name: string, all: Filters): Record<string, string> {
  const others = Object.entries(all).filter(([key]) => key.split("__")[0] !== name);
  return Object.fromEntries(others);
}

/** Return the fields that are filtered. */
export function filteredFields(all: Filters): readonly string[] {
  return [...new Set(Object.keys(all).map((key) => key.split("__")[0] ?? key))];
}

const WORDS: Readonly<Record<string, string>> = {
  eq: "is",
  ne: "is not",
  in: "is",
  lt: "below",
  lte: "to",
  gt: "above",
  gte: "from",
  like: "like",
  ilike: "like",
  contains: "contains",
};

/** Say what a field is filtered by; `label` stands for the row that a reference is to lead to. */
export function describeFilter(field: FieldInfo, all: Filters, label?: string): string {
  const parts = Object.entries(all)
    .map(([key, value]) => [...key.split("__"), value])
    .filter(([name]) => name === field.name)
    .map(([, operator = "", value = ""]) => {
      if (operator === "is_null") return value === "true" ? "is empty" : "is not empty";
      return `${WORDS[operator] ?? operator} ${label ?? shown(field, operator, value)}`;
    });
  return `${field.label} ${parts.join(" ")}`;
}

function shown(field: FieldInfo, operator: string, value: string): string {
  if (operator === "in") return value.split(",").map(choiceLabel).join(" or ");
  if (field.kind === "boolean") return value === "true" ? "yes" : "no";
  if (isMoment(field.kind) || isNumber(field.kind)) return formatText(field, value);
  return field.choices ? choiceLabel(value) : `“${value}”`;
}
