import { ActionIcon, Card, Group, Skeleton, Text, Title, Tooltip } from "@mantine/core";
import { useInViewport } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useRef, useState } from "react";
import { type Unit, useGroups } from "../../core/api/groups";
import { t } from "../../core/language/messages";
import { isDateTime } from "../../core/ui/fields";
import { lowerFirst } from "../../core/ui/formats";
import type { AnyPage, FieldInfo } from "../../core/ui/page";
import { loadPage, navOf } from "../../core/ui/registry";
import { Failed } from "../../core/ui/states";
import { barsOf, rangeOf } from "./bars";
import { ChartIcon, TableIcon } from "./chart-icons";
import { GroupTable } from "./group-table";
import type { Chart } from "./suggested";
import { DEFAULT_UNIT, PERIODS, UnitSwitch } from "./unit-switch";

const MOST_VALUES = 8;
/** The height of what a card shows: of all of them, so that nothing moves when one is loaded. */
const HEIGHT = 232;

// The library of the charts is loaded when the first one is shown
const BarChart = lazy(() => import("./bar-chart"));

/** The card of a chart. It is loaded when the card scrolls into view. */
export function ChartCard({ chart }: { chart: Chart }) {
  const { ref, inViewport } = useInViewport<HTMLDivElement>();
  const wasSeen = useRef(false);
  wasSeen.current ||= inViewport;
  const page = useQuery({
    queryKey: ["page", chart.table],
    queryFn: async () => (await loadPage(chart.table)) ?? null,
    enabled: wasSeen.current,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const field = page.data?.byName.get(chart.field);
  return (
    <Card withBorder padding="md" ref={ref} mih={HEIGHT + 68}>
      {page.data && field ? (
        <Content page={page.data} field={field} />
      ) : (
        <>
          <Text fw={600}>{navOf(chart.table)?.label}</Text>
          {page.isPending && <Waiting />}
          {page.error && <Failed error={page.error} onRetry={() => page.refetch()} />}
        </>
      )}
    </Card>
  );
}

function Content({ page, field }: { page: AnyPage; field: FieldInfo }) {
  const isTimed = isDateTime(field.kind);
  const [unit, setUnit] = useState<Unit>(DEFAULT_UNIT);
  const [isTable, setIsTable] = useState(false);
  const limit = isTimed ? PERIODS[unit] : MOST_VALUES;
  const groups = useGroups(page.table, field.name, isTimed ? unit : undefined, limit);
  const rows = page.nav.label;
  const title = isTimed
    ? t("charts.over", { rows })
    : t("charts.by", { rows, field: lowerFirst(field.label) });
  const bars = groups.data && barsOf(groups.data, page.nav, field, isTimed ? unit : undefined);
  const isEmpty = bars?.every(({ count }) => count === 0);
  const toggle = t(isTable ? "charts.showChart" : "charts.showTable", { title });
  return (
    <>
      <Group justify="space-between" wrap="nowrap" gap="xs" mb="xs">
        <Title order={3} size="sm">
          {title}
        </Title>
        <Tooltip label={toggle}>
          <ActionIcon variant="subtle" aria-label={toggle} onClick={() => setIsTable(!isTable)}>
            {isTable ? <ChartIcon /> : <TableIcon />}
          </ActionIcon>
        </Tooltip>
      </Group>
      {isTimed && <UnitSwitch unit={unit} onChange={setUnit} title={title} />}
      {isTimed && groups.data && (
        <Text size="xs" c="dimmed" mb={4}>
          {`${field.label}: ${rangeOf(groups.data, unit)}`}
        </Text>
      )}
      {groups.error && <Failed error={groups.error} onRetry={() => groups.refetch()} />}
      {groups.isPending && <Waiting />}
      {isEmpty && (
        <Text c="dimmed" size="sm" py="xl" ta="center">
          {t(isTimed ? "charts.emptyTime" : "charts.empty")}
        </Text>
      )}
      {bars && !isEmpty && isTable && (
        <GroupTable bars={bars} table={page.table.name} title={title} head={field.label} />
      )}
      {bars && !isEmpty && !isTable && (
        <Suspense fallback={<Waiting />}>
          <BarChart bars={bars} table={page.table.name} title={title} isTimed={isTimed} />
        </Suspense>
      )}
    </>
  );
}

function Waiting() {
  return <Skeleton height={HEIGHT - 40} mt="sm" role="status" aria-label={t("loading")} />;
}
