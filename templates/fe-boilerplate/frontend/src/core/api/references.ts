/** What refers to what. Each table tells its own references, and here they are seen from both ends. */

/** As a table's `references.ts` tells it: `fields` pair with `targetFields` of the table `table`. */
export interface ToldReference {
  readonly fields: readonly string[];
  readonly table: string;
  readonly targetFields: readonly string[];
}

/** `name` is what a list is asked to expand: the field, or the fields with `+` between them. */
export interface Reference extends ToldReference {
  readonly name: string;
}

/** The other end: `table` refers to this one by its reference `reference`. */
export interface Referrer {
  readonly table: string;
  readonly reference: string;
  readonly fields: readonly string[];
  readonly targetFields: readonly string[];
}

type Told = Readonly<Record<string, readonly ToldReference[]>>;

const told: Told = Object.fromEntries(
  Object.entries(
    import.meta.glob<readonly ToldReference[]>("../../tables/*/references.ts", {
      eager: true,
      import: "references",
    }),
  ).map(([path, references]) => [path.split("/").at(-2) ?? path, references]),
);

export function referencesOf(table: string, all: Told = told): readonly Reference[] {
  return (all[table] ?? []).map((found) => ({ ...found, name: found.fields.join("+") }));
}

export function referrersOf(table: string, all: Told = told): readonly Referrer[] {
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

/** Return the tables that a change of this one may show in, itself first: what refers to it, however far. */
export function touchedBy(table: string, all: Told = told): readonly string[] {
  const found = new Set([table]);
  for (const next of found)
    for (const referrer of referrersOf(next, all)) found.add(referrer.table);
  return [...found];
}
