import { Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import { tableHooks } from "../api/hooks";
import type { AnyRow, Referrer } from "../api/table";
import { t } from "../language/messages";
import { AddSeveral, SeveralInPlace } from "./add-several";
import { DataTable } from "./data-table";
import { lowerFirst } from "./formats";
import { PlusIcon } from "./icons";
import type { AnyPage } from "./page";
import { Pager } from "./pager";
import { FIRST, placeQuery } from "./place";
import { loadPage } from "./registry";
import { isChoiceEnough } from "./several";
import { Failed, LoadingRow } from "./states";
import { formatRows } from "./totals";
import { usePageLabels } from "./use-labels";

const PAGE_SIZE = 10;
const GRID_SIZE = 50; // rows
const ChildGrid = lazy(() => import("./grid/child-grid"));

interface Props {
  readonly referrer: Referrer;
  readonly row: AnyRow;
  /** Whether a person has opened them, and not only the page of the row. */
  readonly isOpened: boolean;
}

/** The rows of another table that refer to a row, in pages. */
export function RelatedRows({ referrer, row, isOpened }: Props) {
  const {
    data: page,
    error,
    refetch,
  } = useQuery({
    queryKey: ["page", referrer.table],
    queryFn: async () => (await loadPage(referrer.table)) ?? null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (error) return <Failed error={error} onRetry={() => refetch()} />;
  if (!page) return <LoadingRow lines={3} />;
  return <Rows page={page} referrer={referrer} row={row} isOpened={isOpened} />;
}

function Rows({ page, referrer, row, isOpened }: Props & { page: AnyPage }) {
  const [place, setPlace] = useState(FIRST);
  const [isGrid, setGrid] = useState(false);
  const [hasAdded, setAdded] = useState(false);
  const size = isGrid ? GRID_SIZE : PAGE_SIZE;
  const columns = useMemo(
    () => page.columns.filter((name) => !referrer.fields.includes(name)),
    [page, referrer],
  );
  const references = useMemo(
    () => columns.flatMap((name) => page.byName.get(name)?.leadsTo ?? []),
    [page, columns],
  );
  const pairs = referrer.fields.map(
    (field, at) => [field, String(row[referrer.targetFields[at] ?? ""])] as const,
  );
  const filters = Object.fromEntries(pairs.map(([field, value]) => [`${field}__eq`, value]));
  const list = tableHooks(page.table).useList({
    ...placeQuery(place, size),
    expand: references.map(({ name }) => name),
    filters,
  });
  const labels = usePageLabels(references, list.data, list.dataUpdatedAt);
  if (list.error) return <Failed error={list.error} onRetry={() => list.refetch()} />;
  if (!list.data) return <LoadingRow lines={3} reason={list.failureReason} />;
  const { total, items } = list.data;
  const switchTo = (grid: boolean) => {
    setPlace(FIRST);
    setGrid(grid);
  };
  if (isGrid) {
    if (list.isPlaceholderData) return <LoadingRow lines={3} />;
    return (
      <Suspense fallback={<LoadingRow lines={3} />}>
        <ChildGrid
          page={page}
          referrer={referrer}
          row={row}
          items={items}
          labels={labels}
          onClose={() => switchTo(false)}
        />
      </Suspense>
    );
  }
  const isInPlace =
    isOpened &&
    page.table.creatable &&
    (total === 0 || !hasAdded) &&
    isChoiceEnough(page, referrer);
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm" c="dimmed" role="status">
          {total === 0 ? t("related.none") : formatRows(list.data)}
        </Text>
        <Group gap="xs">
          {total !== 0 && <AllLink page={page} filters={filters} />}
          {(page.table.creatable || page.table.changeable) && (
            <Button size="xs" variant="subtle" onClick={() => switchTo(true)}>
              {t("grid.open")}
            </Button>
          )}
          {page.table.creatable && !isInPlace && (
            <AddSeveral page={page} referrer={referrer} row={row} />
          )}
          {page.table.creatable && <NewLink page={page} values={Object.fromEntries(pairs)} />}
        </Group>
      </Group>
      {total !== 0 && (
        <DataTable
          page={page}
          columns={columns}
          rows={items}
          labels={labels}
          caption={page.nav.label}
        />
      )}
      <Pager
        list={list.data}
        isStale={list.isPlaceholderData}
        place={place}
        size={size}
        onChange={setPlace}
      />
      {isInPlace && (
        <SeveralInPlace
          page={page}
          referrer={referrer}
          row={row}
          isBelowRows={total !== 0}
          onDone={() => setAdded(true)}
        />
      )}
    </Stack>
  );
}

function AllLink({ page, filters }: { page: AnyPage; filters: Record<string, string> }) {
  return (
    <Button
      size="xs"
      variant="subtle"
      renderRoot={(props) => (
        <Link {...props} to="/$table" params={{ table: page.nav.name }} search={filters} />
      )}
    >
      {t("related.inList")}
    </Button>
  );
}

/** A link to the form for a new row, with its reference to this row already set. */
function NewLink({ page, values }: { page: AnyPage; values: Record<string, string> }) {
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<PlusIcon size={14} />}
      renderRoot={(props) => (
        <Link {...props} to="/$table/new" params={{ table: page.nav.name }} search={values} />
      )}
    >
      {t("form.new", { noun: lowerFirst(page.nav.labelSingular) })}
    </Button>
  );
}
