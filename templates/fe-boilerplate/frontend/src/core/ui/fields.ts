/** Field information for the screens, derived from the schemas of a table and the texts of its page. */

import { z } from "zod";
import { factsOf, inner } from "../api/kinds";
import type { AnyTable, Reference } from "../api/table";
import { textIn, textsIn } from "../language/texts";
import type { Choice, FieldChange, FieldInfo, FieldText, Kind, Row } from "./page";

type Texts = Readonly<Record<string, FieldText>>;
type Changes = Readonly<Record<string, FieldChange<Row> | undefined>>;

/** Return the fields of a table, without hidden ones, in the order of `texts`, or else that of its schemas. */
export function describeFields(table: AnyTable, texts: Texts, changes: Changes): FieldInfo[] {
  const names = [...Object.keys(table.schemas.read.shape), ...secretsOf(table)];
  const order = Object.keys(texts);
  return names
    .sort((one, other) => order.indexOf(one) - order.indexOf(other))
    .map((name) => describe(table, name, { ...texts[name], ...changes[name] }))
    .filter((field) => !field.hidden);
}

/** Return the fields that are written and never read. */
function secretsOf(table: AnyTable): readonly string[] {
  const read = shapeOf(table.schemas.read);
  return Object.keys(shapeOf(table.schemas.create)).filter((name) => !(name in read));
}

function describe(table: AnyTable, name: string, text: FieldChange<Row>): FieldInfo {
  const { label, help, values, ...shown } = text;
  const readable = shapeOf(table.schemas.read)[name];
  const schema = shapeOf(table.schemas.create)[name];
  const read = readable ?? schema ?? z.unknown();
  const facts = factsOf(schema ?? read);
  const item = facts.item;
  return {
    ...shown,
    name,
    label: label === undefined ? name : textIn(label),
    labels: label === undefined ? [name] : textsIn(label),
    help: help && textIn(help),
    kind: facts.kind,
    item: item && factsOf(item).kind,
    choices: choicesOf(item ?? schema ?? read, values),
    nullable: allowsNull(read, facts.kind),
    isKey: table.key.includes(name),
    isSecret: !readable,
    schema: text.readOnly ? undefined : schema,
    optional: schema?.safeParse(undefined).success ?? true,
    changeable: name in shapeOf(table.schemas.update),
    reference: ownReference(table, name),
    leadsTo: ownReference(table, name) ?? compositeReference(table, name),
  };
}

function ownReference(table: AnyTable, name: string): Reference | undefined {
  return table.references.find(({ fields }) => fields.length === 1 && fields[0] === name);
}

/** A composite reference is shown at the last of its fields that has no reference of its own. */
function compositeReference(table: AnyTable, name: string): Reference | undefined {
  return table.references.find(
    ({ fields }) => fields.findLast((field) => !ownReference(table, field)) === name,
  );
}

function shapeOf(schema: z.ZodObject | undefined): Readonly<Record<string, z.ZodType>> {
  return (schema?.shape ?? {}) as Readonly<Record<string, z.ZodType>>;
}

function allowsNull(schema: z.ZodType, kind: Kind): boolean {
  return kind === "json" ? schema instanceof z.ZodNullable : schema.safeParse(null).success;
}

function choicesOf(
  schema: z.core.$ZodType,
  labels: FieldText["values"],
): readonly Choice[] | undefined {
  const plain = inner(schema);
  const values: readonly unknown[] =
    plain instanceof z.ZodEnum
      ? plain.options
      : plain instanceof z.ZodLiteral
        ? [...plain.values]
        : [];
  return values.length ? values.map((value) => choice(String(value), labels)) : undefined;
}

function choice(value: string, labels: FieldText["values"] = {}): Choice {
  const text = labels[value] || choiceLabel(value);
  return { value, label: textIn(text) || choiceLabel(value), labels: textsIn(text) };
}

/** Return the label of a value of a field. */
export function labelOfChoice({ choices }: Pick<FieldInfo, "choices">, value: string): string {
  return choices?.find((one) => one.value === value)?.label ?? choiceLabel(value);
}

/** Return the label that follows from the value of a choice: `on_leave` becomes "On leave", `SMA` is unchanged. */
function choiceLabel(value: string): string {
  if (/[A-Z]/.test(value) && !value.includes("_")) return value;
  const label = value.replaceAll("_", " ").trim();
  return label.charAt(0).toUpperCase() + label.slice(1);
}

const NUMBERS: ReadonlySet<Kind> = new Set(["int16", "int32", "int64", "number", "decimal"]);
const WHOLE: ReadonlySet<Kind> = new Set(["int16", "int32", "int64"]);
const DATE_TIMES: ReadonlySet<Kind> = new Set(["date", "time", "timestamp", "local_timestamp"]);

export const isNumber = (kind: Kind): boolean => NUMBERS.has(kind);
export const isWhole = (kind: Kind): boolean => WHOLE.has(kind);
export const isDateTime = (kind: Kind): boolean => DATE_TIMES.has(kind);
