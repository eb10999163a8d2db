import {
  hashKey,
  keepPreviousData,
  type QueryClient,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { ProblemError } from "./problem";
import { touchedBy } from "./references";
import type { Key, ListQuery, TableService } from "./table";

interface Change<Values> {
  readonly key: Key;
  readonly values: Values;
  readonly etag?: string | undefined;
}

interface Removal {
  readonly key: Key;
  readonly etag?: string | undefined;
}

const SCOPE = "tables";

/** Keys of a table's queries, the widest first: each begins with the one that holds it. */
export function queryKeys(table: string) {
  const all = [SCOPE, table] as const;
  return {
    all,
    lists: [...all, "list"] as const,
    list: (query: ListQuery) => [...all, "list", query] as const,
    counts: [...all, "count"] as const,
    count: (query: ListQuery) => [...all, "count", query] as const,
    rows: [...all, "row"] as const,
    row: (key: Key) => [...all, "row", key.map(String)] as const, // a URL tells a number as text
  };
}

/**
 * Have all that a change of this table may show in read anew: itself and what refers to it.
 *
 * Rows that are `gone` are not asked for again while they are still shown.
 */
export async function invalidateTable(
  client: QueryClient,
  table: string,
  gone: readonly Key[] = [],
): Promise<void> {
  const lost = new Set(gone.map((key) => hashKey(queryKeys(table).row(key))));
  const touched = new Set(touchedBy(table));
  const shows = ([scope, name]: readonly unknown[]) => scope === SCOPE && touched.has(String(name));
  await client.invalidateQueries({
    predicate: ({ queryKey, queryHash }) => shows(queryKey) && !lost.has(queryHash),
  });
  await client.invalidateQueries({
    predicate: ({ queryHash }) => lost.has(queryHash),
    refetchType: "none",
  });
}

/** Return the hooks of a table: the same ones for the same service. */
export function tableHooks<Row, Create, Update>(
  service: TableService<Row, Create, Update>,
): TableHooks<Row, Create, Update> {
  const found = known.get(service) ?? makeHooks(service);
  known.set(service, found);
  return found as TableHooks<Row, Create, Update>;
}

export type TableHooks<Row, Create, Update> = ReturnType<typeof makeHooks<Row, Create, Update>>;

const known = new WeakMap<object, unknown>();

function makeHooks<Row, Create, Update>(service: TableService<Row, Create, Update>) {
  const { name } = service;
  const keys = queryKeys(name);

  return {
    keys,

    /** A page of the list; while the next one is on its way the last one stays. */
    useList: (query: ListQuery = {}, enabled = true) =>
      useQuery({
        queryKey: keys.list(query),
        queryFn: ({ signal }) => service.list(query, signal),
        placeholderData: keepPreviousData,
        enabled,
      }),

    /** How many rows the filters leave. */
    useCount: (query: ListQuery = {}, enabled = true) =>
      useQuery({
        queryKey: keys.count(query),
        queryFn: ({ signal }) => service.count(query, signal),
        enabled,
      }),

    /** One row with its version. */
    useRow: (key: Key, enabled = true) =>
      useQuery({
        queryKey: keys.row(key),
        queryFn: ({ signal }) => service.get(key, signal),
        enabled,
      }),

    useCreate: () => useChange(name, (body: Create) => service.create(body)),

    useUpdate: () =>
      useChange(name, ({ key, values, etag }: Change<Update>) => service.update(key, values, etag)),

    useReplace: () =>
      useChange(name, ({ key, values, etag }: Change<Create>) =>
        service.replace(key, values, etag),
      ),

    useRemove: () =>
      useChange(
        name,
        ({ key, etag }: Removal) => service.remove(key, etag),
        ({ key }) => [key],
      ),

    useRemoveMany: () =>
      useChange(
        name,
        (removed: readonly Key[]) => service.removeMany(removed),
        (removed) => removed,
      ),
  };
}

/** Do something to a table, then have whatever shows it read anew. */
function useChange<Result, Values>(
  table: string,
  mutationFn: (values: Values) => Promise<Result>,
  gone: (values: Values) => readonly Key[] = () => [],
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn,
    onSuccess: (_result: Result, values: Values) => invalidateTable(client, table, gone(values)),
    onError: (error) => (isOutdated(error) ? invalidateTable(client, table) : undefined),
  });
}

/** Whether an error says that what is shown is no longer so. */
function isOutdated(error: Error): boolean {
  return error instanceof ProblemError && [404, 409, 412].includes(error.status);
}
