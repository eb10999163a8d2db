import { Alert, Button, Group, List, Stack, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { tableHooks } from "../api/hooks";
import type { Consequence, Key } from "../api/table";
import { t } from "../language/messages";
import { consequenceTexts } from "./consequence-texts";
import type { AnyPage } from "./page";
import { loadPage } from "./registry";
import { ALERT_STYLES } from "./states";

interface Props {
  readonly page: AnyPage;
  readonly keys: readonly Key[];
  readonly question: string;
  readonly onAnswer: (isConfirmed: boolean) => void;
}

/** The content of a dialog that asks whether to delete rows. What the server would refuse cannot be confirmed. */
export function DeletionQuestion({ page, keys, question, onAnswer }: Props) {
  const { data, isPending } = tableHooks(page.table).useConsequences(keys);
  const { refusals, effects } = consequenceTexts(data, usePages(data?.effects ?? []));
  return (
    <Stack gap="md">
      {refusals.length === 0 && <Text size="sm">{question}</Text>}
      <div aria-live="polite">
        {isPending && <Text size="sm">{t("deletion.checking")}</Text>}
        {refusals.length > 0 ? (
          <Notice color="red" title={t("deletion.refused")} texts={refusals} />
        ) : (
          effects.length > 0 && (
            <Notice color="orange" title={t("deletion.affected")} texts={effects} />
          )
        )}
      </div>
      <Group justify="flex-end">
        <Button variant="default" data-autofocus onClick={() => onAnswer(false)}>
          {t("cancel")}
        </Button>
        <Button
          color="red.8"
          loading={isPending}
          disabled={refusals.length > 0}
          onClick={() => onAnswer(true)}
        >
          {t("delete")}
        </Button>
      </Group>
    </Stack>
  );
}

/** Return the pages of the tables that a deletion affects, by name, as soon as they are loaded. */
function usePages(effects: readonly Consequence[]): ReadonlyMap<string, AnyPage> {
  const tables = [...new Set(effects.map(({ table }) => table))];
  const found = useQueries({
    queries: tables.map((table) => ({
      queryKey: ["page", table],
      queryFn: async () => (await loadPage(table)) ?? null,
      staleTime: Number.POSITIVE_INFINITY,
    })),
  });
  const loaded = tables.map((table, index) => [table, found[index]?.data] as const);
  return new Map(loaded.flatMap(([table, page]) => (page ? [[table, page] as const] : [])));
}

interface NoticeProps {
  readonly color: string;
  readonly title: string;
  readonly texts: readonly string[];
}

function Notice({ color, title, texts }: NoticeProps) {
  return (
    <Alert color={color} variant="outline" styles={ALERT_STYLES} title={title}>
      <List size="sm">
        {texts.map((text) => (
          <List.Item key={text}>{text}</List.Item>
        ))}
      </List>
    </Alert>
  );
}
