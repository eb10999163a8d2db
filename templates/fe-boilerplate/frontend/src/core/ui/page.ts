/** Types of the pages of a table: their declarations, and the information for the screens. */

import type { ComponentType, ReactNode } from "react";
import type { z } from "zod";
import type { Kind } from "../api/kinds";
import type { AnyTable, Reference } from "../api/table";
import type { Text } from "../language/texts";

/** A row: its values by field. */
export type Row = Record<string, unknown>;

export interface Nav {
  /** The module of the table, which is its name in URLs. */
  readonly name: string;
  /** The path of the table below the base URL of the API. */
  readonly path: string;
  readonly label: string;
  readonly labelSingular: string;
  /** The group of tables with a common name prefix: `fees` and `fee_payments` belong to "Fees". */
  readonly family: string;
  /** Whether it is a link table of a many-to-many relationship. */
  readonly isLink?: boolean;
  /** Whether it is a partition of another table. */
  readonly isPartition?: boolean;
}

/** The entry of the navigation as the files of a table declare it. */
export interface DeclaredNav extends Omit<Nav, "label" | "labelSingular" | "family"> {
  readonly label: Text;
  readonly labelSingular: Text;
  readonly family: Text;
}

/** The texts of a field, and properties of its display and input that its type does not determine. */
export interface FieldText {
  readonly label: Text;
  readonly help?: Text;
  /** Labels of its values, where they do not follow from the values. */
  readonly values?: Readonly<Record<string, Text>>;
  /** The format of a value. Secrets are never displayed, and entered as passwords are. */
  readonly format?: "email" | "phone" | "url" | "secret";
  /** Whether the input has several lines. */
  readonly long?: boolean;
  /** The number of decimal places. */
  readonly places?: number;
  /** Whether the server manages the value: it is displayed but cannot be entered. */
  readonly readOnly?: boolean;
  /** Whether the initial value in the form for a new row is the current date or time. */
  readonly current?: boolean;
  /** The initial value in the form for a new row. */
  readonly initial?: string | boolean;
}

/** The properties of an input, including custom ones: the value as a draft, and callbacks. */
export interface InputProps {
  readonly field: FieldInfo;
  readonly value: Draft;
  readonly onChange: (value: Draft) => void;
  readonly onBlur: () => void;
  readonly error?: string;
  readonly required: boolean;
}

/** The value of an input: the text as typed, the state of a switch, or the items of a list. */
export type Draft = string | boolean | null | readonly string[];

export interface FieldChange<R> extends Partial<FieldText> {
  /** Renders the value in lists and on the detail page. */
  readonly render?: (value: unknown, row: R) => ReactNode;
  /** The input in forms. */
  readonly input?: ComponentType<InputProps>;
  /** Whether the field is neither displayed nor entered. */
  readonly hidden?: boolean;
}

export interface ExtraColumn<R> {
  readonly name: string;
  readonly label: string;
  readonly render: (row: R) => ReactNode;
}

/** Customizations of the pages of a table, defined in its `customize.tsx`. */
export interface Customization<R extends Row> {
  readonly extraColumns?: readonly ExtraColumn<R>[];
  readonly fields?: { readonly [Field in keyof R & string]?: FieldChange<R> };
}

/** Define customizations; returns its argument, for type inference. */
export function customize<R extends Row>(changes: Customization<R>): Customization<R> {
  return changes;
}

/** All information about a field for the screens. */
export interface FieldInfo extends Omit<FieldChange<Row>, "label" | "help" | "values"> {
  readonly name: string;
  readonly label: string;
  /** The label in every language, that of the interface first. */
  readonly labels: readonly string[];
  readonly help?: string;
  readonly kind: Kind;
  /** The kind of the items of an array. */
  readonly item?: Kind;
  /** The allowed values, if they are enumerated. */
  readonly choices?: readonly Choice[];
  readonly nullable: boolean;
  readonly isKey: boolean;
  /** Whether it is written and never read, such as a password. */
  readonly isSecret: boolean;
  /** The schema in requests; undefined for fields that only the server writes. */
  readonly schema?: z.ZodType;
  /** Whether a new row may omit it. */
  readonly optional: boolean;
  /** Whether it can be changed in an existing row. */
  readonly changeable: boolean;
  /** The reference that consists of this field only. */
  readonly reference?: Reference;
  /** The reference displayed in place of the value: its own, or a composite one that ends with this field. */
  readonly leadsTo?: Reference;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly labels: readonly string[];
}

export type { Kind };

export interface AnyPage {
  readonly nav: Nav;
  readonly table: AnyTable;
  readonly about?: string;
  readonly columns: readonly string[];
  /** The field with the time of a deletion, if deleted rows can be restored. */
  readonly deletion?: string;
  readonly extraColumns: readonly ExtraColumn<Row>[];
  /** All fields that are not hidden, in the table's order. */
  readonly fields: readonly FieldInfo[];
  /** The same fields by name. */
  readonly byName: ReadonlyMap<string, FieldInfo>;
}
