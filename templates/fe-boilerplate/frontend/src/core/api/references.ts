/** References between tables, in both directions. Each table declares its own references in `references.ts`. */

/** A reference as declared: `fields` correspond to `targetFields` of the table `table`. */
export interface DeclaredReference {
  /** Its name in paths to fields of the referenced rows, such as `student__full_name`. */
  readonly path: string;
  readonly fields: readonly string[];
  readonly table: string;
  readonly targetFields: readonly string[];
  /** Whether searches find rows by the labels of the rows that they refer to. */
  readonly searched?: boolean;
}

/** A reference and its `name` in the query parameter `expand`: its fields, joined by `+`. */
export interface Reference extends DeclaredReference {
  readonly name: string;
}

/** A reference in the opposite direction: `table` refers to this table by its reference `reference`. */
export interface Referrer {
  readonly table: string;
  readonly reference: string;
  readonly fields: readonly string[];
  readonly targetFields: readonly string[];
}

type References = Readonly<Record<string, readonly DeclaredReference[]>>;

const declared: References = Object.fromEntries(
  Object.entries(
    import.meta.glob<readonly DeclaredReference[]>("../../tables/*/references.ts", {
      eager: true,
      import: "references",
    }),
  ).map(([path, references]) => [path.split("/").at(-2) ?? path, references]),
);

export function referencesOf(table: string, all: References = declared): readonly Reference[] {
  return (all[table] ?? []).map((reference) => ({
    ...reference,
    name: reference.fields.join("+"),
  }));
}

export function referrersOf(table: string, all: References = declared): readonly Referrer[] {
  return Object.keys(all).flatMap((other) =>
    referencesOf(other, all)
      .filter((reference) => reference.table === table)
      .map(({ name, fields, targetFields }) => ({
        table: other,
        reference: name,
        fields,
        targetFields,
      })),
  );
}

/** Return a table followed by all tables that refer to it, directly or indirectly. */
export function dependentTables(table: string, all: References = declared): readonly string[] {
  const tables = new Set([table]);
  for (const next of tables)
    for (const referrer of referrersOf(next, all)) tables.add(referrer.table);
  return [...tables];
}
