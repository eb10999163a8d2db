import { isFieldAllowed } from "../api/session-state";
import type { AnyTable, TableService } from "../api/table";
import { type Text, textIn } from "../language/texts";
import { describeFields } from "./fields";
import type { AnyPage, Customization, DeclaredNav, FieldInfo, FieldText, Row } from "./page";
import { readNav } from "./registry";

interface Declared<R extends Row, Create, Update> {
  readonly nav: DeclaredNav;
  readonly table: TableService<R, Create, Update>;
  readonly customize: Customization<R>;
  /** A description of the table, in one sentence. */
  readonly about?: Text;
  /** The fields that the list shows by default. */
  readonly columns: readonly (keyof R & string)[];
  /** The field with the time of a deletion, if deleted rows can be restored. */
  readonly deletion?: keyof R & string;
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
  const described = describeFields(table, declared.fields, changes.fields ?? {});
  const fields = described.flatMap((field) => allowedField(table.path, field) ?? []);
  const byName = new Map(fields.map((field) => [field.name, field]));
  return {
    nav: readNav(declared.nav),
    table,
    about: declared.about && textIn(declared.about),
    columns: declared.columns.filter(
      (name) => byName.has(name) && isFieldAllowed("read", table.path, name),
    ),
    deletion: declared.deletion,
    extraColumns: changes.extraColumns ?? [],
    fields,
    byName,
  };
}

/** Return a field as far as who is logged in may read and write it; undefined if neither is allowed. */
function allowedField(path: string, field: FieldInfo): FieldInfo | undefined {
  const [read, create, update] = (["read", "create", "update"] as const).map((action) =>
    isFieldAllowed(action, path, field.name),
  );
  if (!read && !create && !update) return undefined;
  return {
    ...field,
    schema: create || update ? field.schema : undefined,
    changeable: field.changeable && update === true,
  };
}
