/** Conversion of filters between the filter form of a field and query parameters. */

import type { Reference } from "../api/references";
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
  /** Words in the referenced row. */
  readonly words: string;
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
    words: field.reference ? (filters[wordsFilter(field.reference)] ?? "") : "",
    among: (operand("in") || operand("eq")).split(",").filter(Boolean),
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
  const filters = withoutField(field, all);
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
  else if (form === "reference" && field.reference && draft.words.trim())
    filters[wordsFilter(field.reference)] = draft.words.trim();
  else if (form === "range") {
    put("gte", bound(draft.from));
    put("lte", bound(draft.to));
  } else if (form !== "null") put("eq", draft.value.trim());
  return filters;
}

/** Return the filters without those of one field and of the rows that it refers to. */
export function withoutField(field: FieldInfo, all: Filters): Record<string, string> {
  const others = Object.entries(all).filter(([key]) => !isOfField(field, key));
  return Object.fromEntries(others);
}

/** Whether any filters are those of a field, or of the rows that it refers to. */
export function isFiltered(field: FieldInfo, all: Filters): boolean {
  return Object.keys(all).some((key) => isOfField(field, key));
}

/** Return the field that a filter is of, itself or by its reference; undefined for an unknown one. */
export function filteredField(page: AnyPage, key: string): FieldInfo | undefined {
  const [name = "", operator = ""] = key.split(SEPARATOR);
  const operators: readonly string[] = page.table.filters[name] ?? [];
  return operators.includes(operator) ? page.byName.get(name) : referringField(page, key);
}

/** Return the field whose reference a path follows. */
export function referringField(page: AnyPage, path: string): FieldInfo | undefined {
  return page.fields.find(({ reference }) => reference && isBelow(reference.path, path));
}

/** Return the filter by words in the referenced row, which a search of its table would find. */
export function wordsFilter(reference: Reference): string {
  return `${reference.path}${SEPARATOR}q`;
}

const SEPARATOR = "__";

function isOfField({ name, reference }: FieldInfo, key: string): boolean {
  return isBelow(name, key) || (reference !== undefined && isBelow(reference.path, key));
}

function isBelow(name: string, path: string): boolean {
  return path.startsWith(name + SEPARATOR);
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
  q: "filter.contains",
} as const;

/** Describe the filters of a field; `label` replaces the key of a referenced row. */
export function describeFilter(field: FieldInfo, all: Filters, label?: string): string {
  const parts = Object.entries(all)
    .filter(([key]) => isOfField(field, key))
    .map(([key, value]) => {
      const path = key.split(SEPARATOR).slice(1);
      const operator = path.pop() ?? "";
      const isOwn = isBelow(field.name, key) && path.length === 0 && operator !== "q";
      if (!isOwn) return ofReferred(path, operator, value);
      return operatorText(operator, value, label ?? shown(field, operator, value));
    });
  return `${field.label} ${parts.join(" ")}`;
}

/** Describe a filter of referenced rows, of whose fields this page knows only the names. */
function ofReferred(path: readonly string[], operator: string, value: string): string {
  const names = path.map((part) => part.replaceAll("_", " "));
  return [...names, operatorText(operator, value, `“${value}”`)].join(" ");
}

function operatorText(operator: string, value: string, text: string): string {
  if (operator === "is_null") return t(value === "true" ? "filter.isNull" : "filter.isNotNull");
  return t(TEXTS[operator as keyof typeof TEXTS] ?? "filter.eq", { value: text });
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
