import { Box, Button, Group, Select, Skeleton, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { tableHooks } from "../api/hooks";
import { ProblemError } from "../api/problem";
import type { AnyRow, Page, Reference } from "../api/table";
import { t } from "../language/messages";
import { ActiveFilters } from "./active-filters";
import { BulkActions } from "./bulk-actions";
import { ColumnHeader } from "./column-header";
import { DataTable, type Selection } from "./data-table";
import { lowerFirst } from "./formats";
import { sortedColumns, useLabelOrders } from "./label-order";
import {
  type ColumnWidths,
  chooseColumns,
  chooseWidths,
  chosenColumns,
  chosenWidths,
  rememberPlace,
} from "./list-memory";
import {
  type ListState,
  PAGE_SIZES,
  queryOf,
  readState,
  shownColumns,
  writeState,
} from "./list-state";
import { ListToolbar } from "./list-toolbar";
import type { AnyPage } from "./page";
import { Pager } from "./pager";
import { FIRST, hasCursor, movedPlace } from "./place";
import { Empty, Failed, Retrying } from "./states";
import { formatRange, formatRows, pageCount } from "./totals";
import { usePageLabels } from "./use-labels";

/** The list of a table, searched, filtered, sorted and paged by the server. Its state is in the URL. */
export function ListScreen({ page }: { page: AnyPage }) {
  const [state, change] = useListState(page);
  const [widths, setWidths] = useWidths(page.nav.name);
  const [selection, setSelection] = useSelection(state);
  const columns = useMemo(() => shownColumns(page, state), [page, state]);
  const references = useMemo(() => referencesOf(page, columns), [page, columns]);
  const query = queryOf(
    state,
    references.map(({ name }) => name),
  );
  const list = tableHooks(page.table).useList(query);
  const labels = usePageLabels(references, list.data, list.dataUpdatedAt);
  useMovedPlace(list.isPlaceholderData ? undefined : list.data, state, change);
  const orders = useLabelOrders(page);
  const isRejected = useRejectedCursor(list.error, state, change);
  const canSelect = page.table.writable;
  return (
    <Stack gap="md">
      <Heading page={page} list={list.data} />
      <ListToolbar
        page={page}
        state={state}
        onChange={change}
        widths={widths}
        onWidths={setWidths}
      />
      <ActiveFilters
        page={page}
        filters={state.filters}
        onChange={(filters) => change({ filters })}
      />
      <BulkActions
        page={page}
        selection={selection}
        isDeleted={state.deleted === true}
        onDone={() => setSelection({})}
      />
      <Retrying reason={list.isFetching && !isRejected ? list.failureReason : null} />
      {list.error && !isRejected && (
        <Failed
          error={list.error}
          onRetry={() => list.refetch()}
          other={<ClearButton onChange={change} />}
        />
      )}
      {list.isPending && <LoadingRows />}
      {list.data && (
        <Box aria-busy={list.isPlaceholderData} opacity={list.isPlaceholderData ? 0.6 : 1}>
          <DataTable
            page={page}
            columns={columns}
            rows={list.data.items}
            labels={labels}
            caption={page.nav.label}
            isUnlinked={state.deleted}
            sort={sortedColumns(state.sort, orders)}
            widths={widths}
            onWidths={setWidths}
            selection={selection}
            onSelect={canSelect ? setSelection : undefined}
            head={(name, label) => (
              <ColumnHeader
                page={page}
                name={name}
                label={label}
                paths={orders[name] ?? [name]}
                state={state}
                onChange={change}
              />
            )}
          />
          {list.data.total === 0 && <NoRows page={page} state={state} onChange={change} />}
        </Box>
      )}
      {list.data && (
        <Footer list={list.data} isStale={list.isPlaceholderData} state={state} onChange={change} />
      )}
    </Stack>
  );
}

type Change = (change: Partial<ListState>, options?: { replace: boolean }) => void;

/** The list state in the URL. Changing anything except the columns returns to the first page. */
function useListState(page: AnyPage): [ListState, Change] {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const written = JSON.stringify(search);
  const table = page.nav.name;
  const [chosen, setChosen] = useState(() => chosenColumns(table));
  const state = useMemo(
    () => readState(JSON.parse(written), page, chosen),
    [written, page, chosen],
  );
  useEffect(() => rememberPlace(table, JSON.parse(written)), [table, written]);
  const change = useCallback<Change>(
    (part, options) => {
      const next = { ...state, ...("columns" in part ? {} : FIRST), ...part };
      if ("columns" in part) {
        chooseColumns(table, part.columns);
        setChosen(part.columns ?? []);
      }
      void navigate({
        to: "/$table",
        params: { table },
        search: writeState(next),
        replace: options?.replace ?? false,
        resetScroll: false,
      });
    },
    [navigate, table, state],
  );
  return [state, change];
}

/** The widths of the columns, which this browser keeps. */
function useWidths(table: string): [ColumnWidths, (widths: ColumnWidths) => void] {
  const [widths, setWidths] = useState(() => chosenWidths(table));
  const change = useCallback(
    (chosen: ColumnWidths) => {
      chooseWidths(table, chosen);
      setWidths(chosen);
    },
    [table],
  );
  return [widths, change];
}

/** The selection among the displayed rows. It is cleared when the list state changes. */
function useSelection(state: ListState): [Selection, (selection: Selection) => void] {
  const [selected, setSelected] = useState<{ of: ListState; rows: Selection }>();
  const rows = selected?.of === state ? selected.rows : NONE;
  return [rows, (chosen) => setSelected({ of: state, rows: chosen })];
}

const NONE: Selection = {};

/** Show another page if the current one no longer exists, for example after a deletion. */
function useMovedPlace(list: Page<AnyRow> | undefined, state: ListState, change: Change): void {
  useEffect(() => {
    const count = list && pageCount(list, state.page, state.size);
    const moved = count && movedPlace(state, list, count);
    if (moved) change(moved, { replace: true });
  }, [list, state, change]);
}

/**
 * Show the first page if the server rejects the cursor in the URL, for example one of an older version of the table.
 *
 * Returns whether it does.
 */
function useRejectedCursor(error: Error | null, state: ListState, change: Change): boolean {
  const isRejected = hasCursor(state) && error instanceof ProblemError && error.status === 400;
  useEffect(() => {
    if (!isRejected) return;
    notifications.show({
      id: "rejected-cursor",
      title: t("list.movedTitle"),
      message: t("list.moved"),
    });
    change(FIRST, { replace: true });
  }, [isRejected, change]);
  return isRejected;
}

function referencesOf(page: AnyPage, columns: readonly string[]): readonly Reference[] {
  return columns.flatMap((name) => page.byName.get(name)?.leadsTo ?? []);
}

function Heading({ page, list }: { page: AnyPage; list: Page<AnyRow> | undefined }) {
  return (
    <div>
      <Group gap="sm" align="baseline">
        <Title order={1} size="h2">
          {page.nav.label}
        </Title>
        <Text c="dimmed" role="status">
          {list ? formatRows(list) : ""}
        </Text>
      </Group>
      {page.about && <Text c="dimmed">{page.about}</Text>}
    </div>
  );
}

function LoadingRows() {
  return (
    <Stack gap="xs" role="status" aria-label={t("loading")}>
      {["a", "b", "c", "d", "e", "f", "g", "h"].map((line) => (
        <Skeleton key={line} height={38} />
      ))}
    </Stack>
  );
}

function NoRows({ page, state, onChange }: { page: AnyPage; state: ListState; onChange: Change }) {
  const nouns = lowerFirst(page.nav.label);
  if (!state.q && Object.keys(state.filters).length === 0)
    return <Empty title={t(state.deleted ? "list.noneDeleted" : "list.empty", { nouns })} />;
  return (
    <Empty title={t("list.noMatch", { nouns })}>
      <ClearButton onChange={onChange} />
    </Empty>
  );
}

function ClearButton({ onChange }: { onChange: Change }) {
  return (
    <Button variant="default" onClick={() => onChange({ q: "", filters: {} })}>
      {t("list.clear")}
    </Button>
  );
}

interface FooterProps {
  readonly list: Page<AnyRow>;
  readonly isStale: boolean;
  readonly state: ListState;
  readonly onChange: Change;
}

function Footer({ list, isStale, state, onChange }: FooterProps) {
  const sizes = PAGE_SIZES.map((size) => ({
    value: String(size),
    label: t("list.size", { count: String(size) }),
  }));
  return (
    <Group justify="space-between" gap="sm">
      <Group gap="sm">
        <Select
          aria-label={t("list.sizes")}
          w={`calc(${Math.max(...sizes.map(({ label }) => label.length))}ch + 3rem)`}
          size="sm"
          data={sizes}
          value={String(state.size)}
          onChange={(size) => onChange({ size: Number(size) })}
          allowDeselect={false}
        />
        <Text size="sm" c="dimmed">
          {formatRange(list, state.page, state.size)}
        </Text>
      </Group>
      <Pager list={list} isStale={isStale} place={state} size={state.size} onChange={onChange} />
    </Group>
  );
}
