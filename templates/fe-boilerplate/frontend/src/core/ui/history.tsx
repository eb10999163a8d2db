import { Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { queryKeys } from "../api/hooks";
import type { AnyRow, HistoryEntry } from "../api/table";
import { formatLocale } from "../language/language";
import { t } from "../language/messages";
import { formatText } from "./formats";
import type { AnyPage } from "./page";
import { Failed, LoadingRow } from "./states";

/** The changes of a row: when, by whom, and each field before and after. */
export function History({ page, row }: { page: AnyPage; row: AnyRow }) {
  const key = page.table.keyOf(row);
  const { data, error, refetch } = useQuery({
    queryKey: [...queryKeys(page.table.name).row(key), "history"],
    queryFn: ({ signal }) => page.table.history(key, signal),
  });
  if (error) return <Failed error={error} onRetry={() => refetch()} />;
  if (!data) return <LoadingRow lines={3} />;
  if (data.length === 0) return <Text c="dimmed">{t("history.none")}</Text>;
  return (
    <Stack gap="lg">
      {data.map((entry) => (
        <div key={`${entry.at} ${entry.action}`}>
          <Text fw={600} size="sm">
            {t(VERBS[entry.action], { actor: entry.actor || t("history.unknown") })},{" "}
            <time dateTime={entry.at}>{new Date(entry.at).toLocaleString(formatLocale)}</time>
          </Text>
          {entry.action === "update" && <Changes page={page} entry={entry} />}
        </div>
      ))}
    </Stack>
  );
}

const VERBS = {
  create: "history.created",
  update: "history.changed",
  delete: "history.deleted",
} as const;

function Changes({ page, entry }: { page: AnyPage; entry: HistoryEntry }) {
  const names = Object.keys(entry.after ?? {}).filter((name) => page.byName.has(name));
  return (
    <Table.ScrollContainer minWidth={360}>
      <Table aria-label={t("history.fields")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t("history.field")}</Table.Th>
            <Table.Th scope="col">{t("history.before")}</Table.Th>
            <Table.Th scope="col">{t("history.after")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {names.map((name) => (
            <Table.Tr key={name}>
              <Table.Th scope="row">{page.byName.get(name)?.label}</Table.Th>
              <Table.Td>{shown(page, name, entry.before)}</Table.Td>
              <Table.Td>{shown(page, name, entry.after)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function shown(page: AnyPage, name: string, values: HistoryEntry["after"]): string {
  const field = page.byName.get(name);
  return field ? formatText(field, values?.[name]) : "";
}
