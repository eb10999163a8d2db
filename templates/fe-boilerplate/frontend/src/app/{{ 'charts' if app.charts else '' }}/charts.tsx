import { SimpleGrid, Title } from "@mantine/core";
import { isAllowed, isFieldAllowed } from "../../core/api/session-state";
import { t } from "../../core/language/messages";
import { navOf } from "../../core/ui/registry";
import { ChartCard } from "./chart-card";
import type { Chart } from "./suggested";

/** The charts of the tables and fields that may be read. */
export function Charts({ charts }: { charts: readonly Chart[] }) {
  const shown = charts.filter(isReadable);
  if (shown.length === 0) return null;
  return (
    <section>
      <Title order={2} size="h4" mb="sm">
        {t("charts.title")}
      </Title>
      <SimpleGrid cols={{ base: 1, sm: 2, xl: 3 }} spacing="sm">
        {shown.map((chart) => (
          <ChartCard key={`${chart.table}.${chart.field}`} chart={chart} />
        ))}
      </SimpleGrid>
    </section>
  );
}

function isReadable({ table, field }: Chart): boolean {
  const path = navOf(table)?.path;
  return path !== undefined && isAllowed("read", path) && isFieldAllowed("read", path, field);
}
