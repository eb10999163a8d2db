/** What a table's pages are made of: what each declares, and what the screens are given. */

import type { ComponentType, ReactNode } from "react";
import type { z } from "zod";
import type { Kind } from "../api/kinds";
import type { AnyTable, Reference } from "../api/table";

/** A row as the screens handle it: its values by field. */
export type Row = Record<string, unknown>;

export interface Nav {
  /** The table's module: its name in URLs. */
  readonly name: string;
  readonly label: string;
  readonly labelSingular: string;
  /** What tables whose names begin alike are called together: `fees` and `fee_payments` are "Fees". */
  readonly family: string;
  /** Its rows do no more than link others. */
  readonly isLink?: boolean;
  /** It is a part of another table. */
  readonly isPartition?: boolean;
}

/** What people read of a field, and how it is shown and entered beyond what its type says. */
export interface FieldText {
  readonly label: string;
  readonly help?: string;
  /** What a text is beside text. A secret is never shown. */
  readonly format?: "email" | "phone" | "url" | "secret";
  /** Entered in several lines. */
  readonly long?: boolean;
  /** Digits behind the point. */
  readonly places?: number;
  /** The server keeps it by itself: shown, never entered. */
  readonly kept?: boolean;
  /** What a new row has where nothing is given. */
  readonly initial?: string | boolean;
}

/** What an input of your own is given: the value as text, and what tells of a change. */
export interface InputProps {
  readonly field: FieldInfo;
  readonly value: Draft;
  readonly onChange: (value: Draft) => void;
  readonly onBlur: () => void;
  readonly error?: string;
  readonly required: boolean;
}

/** A value as a form holds it: text as typed, a switch's position, or a list's items. */
export type Draft = string | boolean | null | readonly string[];

export interface FieldChange<R> extends Partial<FieldText> {
  /** Shows the value in lists and on the detail page. */
  readonly render?: (value: unknown, row: R) => ReactNode;
  /** Takes the value in forms. */
  readonly input?: ComponentType<InputProps>;
  /** Neither shown nor entered. */
  readonly hidden?: boolean;
}

export interface ExtraColumn<R> {
  readonly name: string;
  readonly label: string;
  readonly render: (row: R) => ReactNode;
}

/** What `customize.tsx` of a table changes in its pages. */
export interface Customization<R extends Row> {
  readonly extraColumns?: readonly ExtraColumn<R>[];
  readonly fields?: { readonly [Field in keyof R & string]?: FieldChange<R> };
}

/** Say what of a table's pages is to be different. */
export function customize<R extends Row>(changes: Customization<R>): Customization<R> {
  return changes;
}

/** A field with all that the screens need to know of it. */
export interface FieldInfo extends FieldText, FieldChange<Row> {
  readonly name: string;
  readonly label: string;
  readonly kind: Kind;
  /** Of the items, where it is a list. */
  readonly item?: Kind;
  /** The values it can have, where they are few. */
  readonly choices?: readonly Choice[];
  readonly nullable: boolean;
  readonly isKey: boolean;
  /** What a request can hold; undefined for what only the server writes. */
  readonly schema?: z.ZodType;
  /** Whether a new row can do without it. */
  readonly optional: boolean;
  /** Whether it can be changed once the row is there. */
  readonly changeable: boolean;
  /** The row that it refers to, where it does so alone. */
  readonly reference?: Reference;
  /** The row that its value is shown as: what it refers to alone, or, being the last one, with others. */
  readonly leadsTo?: Reference;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export type { Kind };

export interface AnyPage {
  readonly nav: Nav;
  readonly table: AnyTable;
  readonly about?: string;
  readonly columns: readonly string[];
  readonly extraColumns: readonly ExtraColumn<Row>[];
  /** All fields, in the table's order; those that are hidden are not among them. */
  readonly fields: readonly FieldInfo[];
  /** The same by name. */
  readonly byName: ReadonlyMap<string, FieldInfo>;
}
