import {
  hashKey,
  keepPreviousData,
  type QueryClient,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { settleDeletions } from "./held-deletions";
import { importFile, type Reading } from "./imports";
import type { ListQuery } from "./list-query";
import { ProblemError } from "./problem";
import { dependentTables } from "./references";
import type { Key, TableService } from "./table";
import { readTotal } from "./total";

interface Change<Values> {
  readonly key: Key;
  readonly values: Values;
  readonly etag?: string | undefined;
}

interface Edits<Create, Update> {
  readonly added: readonly Create[];
  readonly changes: readonly { key: Key; changes: Update }[];
}

interface Removal {
  readonly key: Key;
  readonly etag?: string | undefined;
}

const SCOPE = "tables";

/** The query keys of a table. The key of each query starts with the key of its group. */
export function queryKeys(table: string) {
  const all = [SCOPE, table] as const;
  return {
    all,
    lists: [...all, "list"] as const,
    list: (query: ListQuery) => [...all, "list", query] as const,
    counts: [...all, "count"] as const,
    count: (query: ListQuery) => [...all, "count", query] as const,
    rows: [...all, "row"] as const,
    row: (key: Key) => [...all, "row", key.map(String)] as const, // keys from a URL are strings
  };
}

/**
 * Invalidate all queries that a change of this table can affect: its own, and those of tables that refer to it.
 *
 * Rows in `removed` are invalidated without refetching them, even if they are still displayed.
 */
export async function invalidateTable(
  client: QueryClient,
  table: string,
  removed: readonly Key[] = [],
): Promise<void> {
  const removedRows = new Set(removed.map((key) => hashKey(queryKeys(table).row(key))));
  const tables = new Set(dependentTables(table));
  const isAffected = ([scope, name]: readonly unknown[]) =>
    scope === SCOPE && tables.has(String(name));
  await client.invalidateQueries({
    predicate: ({ queryKey, queryHash }) => isAffected(queryKey) && !removedRows.has(queryHash),
  });
  await client.invalidateQueries({
    predicate: ({ queryHash }) => removedRows.has(queryHash),
    refetchType: "none",
  });
}

/** The number of all rows of a table at a path below the base URL of the API. Does not need the table's service. */
export function useTotal(table: string, path: string) {
  return useQuery({
    queryKey: [...queryKeys(table).counts, "total"],
    queryFn: ({ signal }) => readTotal(path, signal),
  });
}

/** Return the hooks of a table. They are created once per service. */
export function tableHooks<Row, Create, Update>(
  service: TableService<Row, Create, Update>,
): TableHooks<Row, Create, Update> {
  const hooks = cache.get(service) ?? makeHooks(service);
  cache.set(service, hooks);
  return hooks as TableHooks<Row, Create, Update>;
}

export type TableHooks<Row, Create, Update> = ReturnType<typeof makeHooks<Row, Create, Update>>;

const cache = new WeakMap<object, unknown>();

function makeHooks<Row, Create, Update>(service: TableService<Row, Create, Update>) {
  const { name } = service;
  const keys = queryKeys(name);

  return {
    keys,

    /** A page of the list. While the next page is loading, the previous one is returned. */
    useList: (query: ListQuery = {}, enabled = true) =>
      useQuery({
        queryKey: keys.list(query),
        queryFn: ({ signal }) => service.list(query, signal),
        placeholderData: keepPreviousData,
        enabled,
      }),

    /** The number of rows that match a query. */
    useCount: (query: ListQuery = {}, enabled = true) =>
      useQuery({
        queryKey: keys.count(query),
        queryFn: ({ signal }) => service.count(query, signal),
        enabled,
      }),

    /** One row and its version. */
    useRow: (key: Key, enabled = true) =>
      useQuery({
        queryKey: keys.row(key),
        queryFn: ({ signal }) => service.get(key, signal),
        enabled,
      }),

    /** What the deletion of rows would do to others at this moment. */
    useConsequences: (removed: readonly Key[]) =>
      useQuery({
        queryKey: [...keys.all, "consequences", removed.map((key) => key.map(String))],
        queryFn: ({ signal }) => service.consequences(removed, signal),
        gcTime: 0,
        retry: false, // the question can be answered without it
      }),

    useCreate: () => useChange(name, (body: Create) => service.create(body)),

    useCreateMany: () => useChange(name, (bodies: readonly Create[]) => service.createMany(bodies)),

    /** Imports a file of rows. */
    useImport: () =>
      useChange(name, ({ file, reading }: { file: Blob; reading: Reading }) =>
        importFile(service, file, reading, false),
      ),

    useUpdate: () =>
      useChange(name, ({ key, values, etag }: Change<Update>) => service.update(key, values, etag)),

    useUpdateMany: () =>
      useChange(name, (changes: readonly { key: Key; changes: Update }[]) =>
        service.updateMany(changes),
      ),

    useSaveMany: () =>
      useChange(name, ({ added, changes }: Edits<Create, Update>) =>
        service.saveMany(added, changes),
      ),

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

    useRestore: () => useChange(name, (key: Key) => service.restore(key)),

    useRemoveMany: () =>
      useChange(
        name,
        (removed: readonly Key[]) => service.removeMany(removed),
        (removed) => removed,
      ),
  };
}

/** A mutation of a table, after all deletions that are held, that invalidates all affected queries. */
function useChange<Result, Values>(
  table: string,
  mutationFn: (values: Values) => Promise<Result>,
  removedBy: (values: Values) => readonly Key[] = () => [],
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (values: Values) => {
      await settleDeletions();
      return mutationFn(values);
    },
    onSuccess: (_result: Result, values: Values) =>
      invalidateTable(client, table, removedBy(values)),
    onError: (error) => (isOutdated(error) ? invalidateTable(client, table) : undefined),
  });
}

/** Whether an error means that the displayed data is outdated. */
function isOutdated(error: Error): boolean {
  return error instanceof ProblemError && [404, 409, 412].includes(error.status);
}
