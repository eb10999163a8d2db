import { Card, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useInViewport } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import { useTotal } from "../core/api/hooks";
import { t } from "../core/language/messages";
import { navigation } from "../core/ui/registry";
import { formatRows } from "../core/ui/totals";
import { type Entry, grouped } from "./groups";

/** A card with the number of rows for each table, by group. Large numbers are estimates, if the database has any. */
export function TableCounts() {
  const groups = grouped(navigation);
  if (groups.length === 0) return <Text>{t("nav.noTables")}</Text>;
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
  return (
    <Card
      withBorder
      padding="md"
      renderRoot={(props) => (
        <Link {...props} ref={ref} to="/$table" params={{ table: entry.name }} />
      )}
    >
      <Text fw={600} fz={{ base: "sm", sm: "md" }} lineClamp={2}>
        {entry.label}
      </Text>
      {inViewport ? <Count entry={entry} /> : <Waiting />}
    </Card>
  );
}

function Count({ entry }: { entry: Entry }) {
  const { data: total, isError } = useTotal(entry.name, entry.path);
  if (isError) return <Text c="dimmed">{t("home.noCount")}</Text>;
  if (!total) return <Waiting />;
  return (
    <Text size="xl" c="dimmed">
      {formatRows(total)}
    </Text>
  );
}

function Waiting() {
  return <Skeleton height={24} width={64} mt={4} />;
}
