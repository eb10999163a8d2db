/** Which rows of a table to list, and how. */
export interface ListQuery {
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  /** The cursor of the row after which the page begins, instead of an offset. */
  readonly after?: string | undefined;
  /** The cursor of the row before which the page ends, instead of an offset. */
  readonly before?: string | undefined;
  /** How the total is determined; by default the rows are counted up to a cap. */
  readonly count?: "exact" | "estimated" | "none" | undefined;
  /** Fields to sort by, most significant first; the prefix `-` sorts descending. */
  readonly sort?: readonly string[] | undefined;
  readonly q?: string | undefined;
  /** Lists the deleted rows instead of the others, of a table whose rows can be restored. */
  readonly deleted?: "only" | undefined;
  /** References whose rows to include in `expanded`. */
  readonly expand?: readonly string[] | undefined;
  /** Whether an export has the labels of referenced rows beside references. */
  readonly labels?: boolean | undefined;
  /** Values by `field` or `field__operator`, where a field can be a path: `student__full_name`. */
  readonly filters?: Readonly<Record<string, string>> | undefined;
}

/** Return the parameters of a page. */
export function listParameters({
  limit,
  offset,
  after,
  before,
  count,
  sort,
  expand,
  ...query
}: ListQuery): URLSearchParams {
  const parameters = filterParameters(query, sort);
  if (limit !== undefined) parameters.set("limit", String(limit));
  if (offset) parameters.set("offset", String(offset));
  if (after) parameters.set("after", after);
  if (before) parameters.set("before", before);
  if (count) parameters.set("count", count);
  if (expand?.length) parameters.set("expand", expand.join(","));
  return parameters;
}

/** Return the parameters of all rows that match, in an order. */
export function filterParameters(
  { q, filters, deleted }: ListQuery,
  sort?: readonly string[],
): URLSearchParams {
  const parameters = new URLSearchParams(filters);
  if (sort?.length) parameters.set("sort", sort.join(","));
  if (q) parameters.set("q", q);
  if (deleted) parameters.set("deleted", deleted);
  return parameters;
}

/** Return the parameters of an export. */
export function exportParameters(query: ListQuery): URLSearchParams {
  const parameters = filterParameters(query, query.sort);
  if (query.labels) parameters.set("labels", "true");
  return parameters;
}
