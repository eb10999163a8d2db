import type { Reference } from "../../api/table";

/** Return a reference from one field to the `id` of a table. */
export function referenceTo(table: string, field: string): Reference {
  return {
    name: field,
    path: field.replace(/_id$/, ""),
    fields: [field],
    table,
    targetFields: ["id"],
  };
}
