import type { AnyTable, TableService } from "../api/table";
import { describeFields } from "./fields";
import type { AnyPage, Customization, FieldText, Nav, Row } from "./page";

interface Declared<R extends Row, Create, Update> {
  readonly nav: Nav;
  readonly table: TableService<R, Create, Update>;
  readonly customize: Customization<R>;
  /** A description of the table, in one sentence. */
  readonly about?: string;
  /** The fields that the list shows by default. */
  readonly columns: readonly (keyof R & string)[];
  readonly fields: { readonly [Field in keyof R & string]: FieldText } & {
    readonly [Field in keyof Create & string]?: FieldText;
  };
}

/** Create the page definition of a table. */
export function definePage<R extends Row, Create, Update>(
  declared: Declared<R, Create, Update>,
): AnyPage {
  const table = declared.table as unknown as AnyTable;
  const changes = declared.customize as unknown as Customization<Row>;
  const fields = describeFields(table, declared.fields, changes.fields ?? {});
  const byName = new Map(fields.map((field) => [field.name, field]));
  return {
    nav: declared.nav,
    table,
    about: declared.about,
    columns: declared.columns.filter((name) => byName.has(name)),
    extraColumns: changes.extraColumns ?? [],
    fields,
    byName,
  };
}
