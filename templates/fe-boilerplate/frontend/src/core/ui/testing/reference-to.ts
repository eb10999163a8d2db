import type { Reference } from "../../api/table";

/** A reference of one field to the `id` of a table. */
export function referenceTo(table: string, field: string): Reference {
  return { name: field, fields: [field], table, targetFields: ["id"] };
}
