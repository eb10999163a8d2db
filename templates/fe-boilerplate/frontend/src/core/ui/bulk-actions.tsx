import { Button, Group, Paper, Text } from "@mantine/core";
import { tableHooks } from "../api/hooks";
import { t } from "../language/messages";
import { BulkEdit } from "./bulk-edit";
import type { Selection } from "./data-table";
import { countedRows } from "./formats";
import { TrashIcon } from "./icons";
import { readKey } from "./keys";
import type { AnyPage } from "./page";
import { confirmDeletion, notifyDeletionError, notifyFailure, notifySuccess } from "./removal";
import { errorText } from "./states";

interface Props {
  readonly page: AnyPage;
  readonly selection: Selection;
  /** Whether the rows are deleted ones, which can be restored. */
  readonly isDeleted: boolean;
  readonly onDone: () => void;
}

/** Actions on the selected rows. Deletion removes all of them or none; deleted ones can be restored. */
export function BulkActions({ page, selection, isDeleted, onDone }: Props) {
  const removal = tableHooks(page.table).useRemoveMany();
  const ids = Object.keys(selection);
  if (ids.length === 0) return null;
  const selected = countedRows(page.nav, ids.length);
  const remove = () =>
    removal.mutate(ids.map(readKey), {
      onSuccess: (count) => {
        notifySuccess(t("bulk.deleted", { count }));
        onDone();
      },
      onError: notifyDeletionError,
    });
  return (
    <Paper withBorder px="md" py="xs">
      <Group justify="space-between">
        <Text size="sm" role="status">
          {t("bulk.selected", { rows: selected })}
        </Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={onDone}>
            {t("bulk.clear")}
          </Button>
          {isDeleted && <Restoration page={page} ids={ids} onDone={onDone} />}
          {!isDeleted && <BulkEdit page={page} ids={ids} onDone={onDone} />}
          {!isDeleted && page.table.removable && (
            <Button
              size="xs"
              color="red.8"
              leftSection={<TrashIcon size={14} />}
              loading={removal.isPending}
              onClick={() =>
                confirmDeletion({
                  page,
                  keys: ids.map(readKey),
                  title: t("bulk.delete", { rows: selected }),
                  question: t("bulk.question"),
                  onConfirm: remove,
                })
              }
            >
              {t("delete")}
            </Button>
          )}
        </Group>
      </Group>
    </Paper>
  );
}

interface RestorationProps extends Pick<Props, "page" | "onDone"> {
  readonly ids: readonly string[];
}

/** Restores deleted rows one by one, up to the first that cannot be restored. */
function Restoration({ page, ids, onDone }: RestorationProps) {
  const restoring = tableHooks(page.table).useRestore();
  const restore = async () => {
    try {
      for (const id of ids) await restoring.mutateAsync(readKey(id));
      notifySuccess(t("bulk.restored", { count: ids.length }));
    } catch (error) {
      notifyFailure(t("deletion.notRestored"), errorText(error as Error));
    }
    onDone();
  };
  return (
    <Button size="xs" loading={restoring.isPending} onClick={restore}>
      {t("bulk.restore")}
    </Button>
  );
}
