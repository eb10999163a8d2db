/** Conversion of filters between the filter form of a field and query parameters. */

import { t } from "../language/messages";
import { isDateTime, isNumber, labelOfChoice } from "./fields";
import { formatList, formatText } from "./formats";
import { formatInputNumber, parseInputNumber } from "./number-text";
import type { AnyPage, FieldInfo, Kind } from "./page";
import { parseTimestamp, toLocalInput } from "./timestamps";

export type Filters = Readonly<Record<string, string>>;

/** The state of a filter form. Which properties are used depends on the form. */
export interface FilterDraft {
  /** A text that the field contains, or the value that it equals. */
  readonly value: string;
  /** The selected choices. */
  readonly among: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly isNull: "" | "true" | "false";
}

export type FilterForm = "text" | "choices" | "range" | "boolean" | "reference" | "value" | "null";

/** Return the filter form of a field; undefined if it cannot be filtered. */
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
  return operators.includes("gte") && !SPANS.has(field.kind) ? "range" : "value";
}

const SPANS: ReadonlySet<Kind> = new Set(["interval", "span"]);

/** Whether a field can be filtered for empty values. */
export function canBeNull(page: AnyPage, field: FieldInfo): boolean {
  return page.table.filters[field.name]?.includes("is_null") ?? false;
}

/** Return the form state for the filters of a field. */
export function readFilter(field: FieldInfo, filters: Filters): FilterDraft {
  const operand = (operator: string) => filters[`${field.name}__${operator}`] ?? "";
  const shown = (value: string) => {
    if (field.kind === "timestamp") return toLocalInput(value);
    return isNumber(field.kind) ? formatInputNumber(value) : value;
  };
  const isNull = operand("is_null");
  return {
    value: operand("contains") || operand("eq"),
    among: operand("in").split(",").filter(Boolean),
    from: shown(operand("gte")),
    to: shown(operand("lte")),
    isNull: isNull === "true" || isNull === "false" ? isNull : "",
  };
}

/** Return `all` filters with those of this field replaced by the state of its form. */
export function writeFilter(
  form: FilterForm,
  field: FieldInfo,
  draft: FilterDraft,
  all: Filters,
): Filters {
  const name = field.name;
  const filters = withoutField(name, all);
  const put = (operator: string, value: string) => {
    if (value) filters[`${name}__${operator}`] = value;
  };
  const bound = (value: string) => {
    if (field.kind === "timestamp") return parseTimestamp(value);
    return isNumber(field.kind) ? parseInputNumber(value) : value;
  };
  put("is_null", draft.isNull);
  if (draft.isNull === "true") return filters;
  if (form === "text") put("contains", draft.value.trim());
  else if (form === "choices") put("in", draft.among.join(","));
  else if (form === "range") {
    put("gte", bound(draft.from));
    put("lte", bound(draft.to));
  } else if (form !== "null") put("eq", draft.value.trim());
  return filters;
}

/** Return the filters without those of one field. */
export function withoutField(name: string, all: Filters): Record<string, string> {
  const others = Object.entries(all).filter(([key]) => key.split("__")[0] !== name);
  return Object.fromEntries(others);
}

/** Return the names of the filtered fields. */
export function filteredFields(all: Filters): readonly string[] {
  return [...new Set(Object.keys(all).map((key) => key.split("__")[0] ?? key))];
}

const TEXTS = {
  eq: "filter.eq",
  ne: "filter.ne",
  in: "filter.eq",
  lt: "filter.lt",
  lte: "filter.lte",
  gt: "filter.gt",
  gte: "filter.gte",
  like: "filter.like",
  ilike: "filter.like",
  contains: "filter.contains",
} as const;

/** Describe the filters of a field; `label` replaces the key of a referenced row. */
export function describeFilter(field: FieldInfo, all: Filters, label?: string): string {
  const parts = Object.entries(all)
    .map(([key, value]) => [...key.split("__"), value])
    .filter(([name]) => name === field.name)
    .map(([, operator = "", value = ""]) => {
      if (operator === "is_null") return t(value === "true" ? "filter.isNull" : "filter.isNotNull");
      const key = TEXTS[operator as keyof typeof TEXTS] ?? "filter.eq";
      return t(key, { value: label ?? shown(field, operator, value) });
    });
  return `${field.label} ${parts.join(" ")}`;
}

function shown(field: FieldInfo, operator: string, value: string): string {
  if (operator === "in")
    return formatList(
      value.split(",").map((one) => labelOfChoice(field, one)),
      "disjunction",
    );
  if (field.kind === "boolean") return t(value === "true" ? "filter.yes" : "filter.no");
  if (isDateTime(field.kind) || isNumber(field.kind)) return formatText(field, value);
  return field.choices ? labelOfChoice(field, value) : `“${value}”`;
}
