import { Card, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useInViewport } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { tableHooks } from "../core/api/hooks";
import type { AnyTable } from "../core/api/table";
import { loadTable } from "../core/api/tables";
import { navigation } from "../core/ui/registry";
import { formatRows } from "../core/ui/totals";
import { type Entry, grouped } from "./groups";

/** A card with the number of rows for each table, by group. Large numbers are estimates, if the database has any. */
export function TableCounts() {
  const groups = grouped(navigation);
  if (groups.length === 0) return <Text>There are no tables yet.</Text>;
  return (
    <Stack gap="xl">
      {groups.map((group) => (
        <section key={group.name}>
          <Title order={2} size="h4" mb="sm">
            {group.name}
          </Title>
          <SimpleGrid cols={{ base: 2, sm: 3, lg: 4 }} spacing="sm">
            {group.entries.map((entry) => (
              <TableCard key={entry.name} entry={entry} />
            ))}
          </SimpleGrid>
        </section>
      ))}
    </Stack>
  );
}

/** The card of one table. The rows are counted when the card scrolls into view. */
function TableCard({ entry }: { entry: Entry }) {
  const { ref, inViewport } = useInViewport<HTMLAnchorElement>();
  const { data: table } = useQuery({
    queryKey: ["table", entry.name],
    queryFn: async () => (await loadTable(entry.name)) ?? null,
    enabled: inViewport,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Card
      withBorder
      padding="md"
      renderRoot={(props) => (
        <Link {...props} ref={ref} to="/$table" params={{ table: entry.name }} />
      )}
    >
      <Text fw={600} lineClamp={2}>
        {entry.label}
      </Text>
      {table ? <Count table={table} /> : <Skeleton height={24} width={64} mt={4} />}
    </Card>
  );
}

function Count({ table }: { table: AnyTable }) {
  const { data: list, isError } = tableHooks(table).useList({ limit: 1, count: "estimated" });
  if (isError) return <Text c="dimmed">Count unavailable</Text>;
  if (!list) return <Skeleton height={24} width={64} mt={4} />;
  return (
    <Text size="xl" c="dimmed">
      {formatRows(list)}
    </Text>
  );
}
