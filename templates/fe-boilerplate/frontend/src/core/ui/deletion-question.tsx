import { Alert, Button, Group, List, Stack, Text } from "@mantine/core";
import { tableHooks } from "../api/hooks";
import type { Consequences, Key } from "../api/table";
import { t } from "../language/messages";
import { consequenceTexts } from "./consequence-texts";
import type { AnyPage } from "./page";
import { ALERT_STYLES } from "./states";
import { usePages } from "./use-pages";

interface Props {
  readonly page: AnyPage;
  readonly keys: readonly Key[];
  readonly question: string;
  readonly onAnswer: (isConfirmed: boolean, consequences?: Consequences) => void;
}

/** The content of a dialog that asks whether to delete rows. What the server would refuse cannot be confirmed. */
export function DeletionQuestion({ page, keys, question, onAnswer }: Props) {
  const { data, isPending } = tableHooks(page.table).useConsequences(keys);
  const pages = usePages(data?.effects.map(({ table }) => table) ?? []);
  const { refusals, effects } = consequenceTexts(data, pages);
  return (
    <Stack gap="md">
      {refusals.length === 0 && (
        <Text size="sm">{data?.isRestorable ? t("deletion.hidden") : question}</Text>
      )}
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
          onClick={() => onAnswer(true, data)}
        >
          {t("delete")}
        </Button>
      </Group>
    </Stack>
  );
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
