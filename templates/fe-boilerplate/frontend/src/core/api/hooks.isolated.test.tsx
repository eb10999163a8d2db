import { QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { testClient } from "../test/render";
import { int64, text } from "./fields";
import { queryKeys, tableHooks } from "./hooks";
import { ProblemError } from "./problem";
import { type AnyTable, defineTable } from "./table";

vi.mock("./references", async (original) => ({
  ...(await original<object>()),
  dependentTables: (table: string) => (table === "schools" ? ["schools", "classes"] : [table]),
}));

/** A service whose calls resolve immediately, without a request. */
function makeTable(name: string) {
  const table: AnyTable = defineTable({
    name,
    path: `/${name}`,
    key: ["id"],
    labelFields: ["name"],
    schemas: {
      read: z.object({ id: int64(), name: text() }),
      create: z.strictObject({ name: text() }),
      update: z.strictObject({ name: text().optional() }),
    },
  });
  const row = { id: "1", name: "a" };
  return {
    table,
    list: vi.spyOn(table, "list").mockResolvedValue({
      items: [row],
      total: 1,
      precision: "exact",
      limit: 1,
      offset: 0,
      next: null,
      previous: null,
      expanded: {},
    }),
    count: vi.spyOn(table, "count").mockResolvedValue(1),
    get: vi.spyOn(table, "get").mockResolvedValue({ row, etag: '"1"' }),
    update: vi.spyOn(table, "update").mockResolvedValue(row),
    remove: vi.spyOn(table, "remove").mockResolvedValue(),
  };
}

function setUp() {
  const client = testClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return {
    client,
    wrapper,
    schools: makeTable("schools"),
    classes: makeTable("classes"),
    fees: makeTable("fees"),
  };
}

test("hooks are created once per service, and their keys share a prefix", () => {
  const { schools } = setUp();
  expect(tableHooks(schools.table)).toBe(tableHooks(schools.table));
  const keys = queryKeys("schools");
  for (const key of [keys.list({ q: "a" }), keys.count({}), keys.row(["1"])]) {
    expect(key.slice(0, 2)).toEqual(keys.all);
  }
});

test("a change refetches all affected queries and no others", async () => {
  const { wrapper, schools, classes, fees } = setUp();
  const { result } = renderHook(
    () => ({
      row: tableHooks(schools.table).useRow(["1"]),
      count: tableHooks(schools.table).useCount(),
      referring: tableHooks(classes.table).useList({ expand: ["school_id"] }),
      other: tableHooks(fees.table).useList(),
      off: tableHooks(fees.table).useRow(["1"], false),
      update: tableHooks(schools.table).useUpdate(),
    }),
    { wrapper },
  );
  await waitFor(() => expect(result.current.other.data?.total).toBe(1));
  const values = { name: "b" };
  await act(() => result.current.update.mutateAsync({ key: ["1"], values, etag: '"1"' }));
  expect(schools.update).toHaveBeenCalledWith(["1"], values, '"1"');
  const calls = [schools.get, schools.count, classes.list, fees.list, fees.get].map(
    (spy) => spy.mock.calls.length,
  );
  expect(calls).toEqual([2, 2, 2, 1, 0]);
});

test("a removed row is not refetched while it is displayed", async () => {
  const { wrapper, schools } = setUp();
  const { result } = renderHook(
    () => ({
      row: tableHooks(schools.table).useRow(["1"]),
      list: tableHooks(schools.table).useList(),
      remove: tableHooks(schools.table).useRemove(),
    }),
    { wrapper },
  );
  await waitFor(() => expect(result.current.row.data && result.current.list.data).toBeDefined());
  await act(() => result.current.remove.mutateAsync({ key: ["1"] }));
  expect([schools.get.mock.calls.length, schools.list.mock.calls.length]).toEqual([1, 2]);
  expect(result.current.row.isStale).toBe(true);
});

test("a conflicting change refetches the row, an invalid one does not", async () => {
  const { wrapper, schools } = setUp();
  const { result } = renderHook(
    () => ({
      row: tableHooks(schools.table).useRow(["1"]),
      update: tableHooks(schools.table).useUpdate(),
    }),
    { wrapper },
  );
  await waitFor(() => expect(result.current.row.data).toBeDefined());
  const change = { key: ["1"], values: {} };
  for (const [status, calls] of [
    [422, 1],
    [412, 2],
  ] as const) {
    schools.update.mockRejectedValueOnce(new ProblemError(status, "no", "no"));
    await act(() => result.current.update.mutateAsync(change).catch(() => undefined));
    expect(schools.get).toHaveBeenCalledTimes(calls);
  }
});
