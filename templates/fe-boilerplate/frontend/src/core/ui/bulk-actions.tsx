import { Button, Group, Paper, Text } from "@mantine/core";
import { tableHooks } from "../api/hooks";
import { BulkEdit } from "./bulk-edit";
import type { Selection } from "./data-table";
import { formatCount, lowerFirst } from "./formats";
import { TrashIcon } from "./icons";
import { readKey } from "./keys";
import type { AnyPage } from "./page";
import { confirmDeletion, notifyDeletionError, notifySuccess } from "./removal";

interface Props {
  readonly page: AnyPage;
  readonly selection: Selection;
  readonly onDone: () => void;
}

/** Actions on the selected rows. Deletion removes all of them or none. */
export function BulkActions({ page, selection, onDone }: Props) {
  const removal = tableHooks(page.table).useRemoveMany();
  const ids = Object.keys(selection);
  if (ids.length === 0) return null;
  const noun = ids.length === 1 ? page.nav.labelSingular : page.nav.label;
  const selected = `${formatCount(ids.length)} ${lowerFirst(noun)}`;
  const remove = () =>
    removal.mutate(ids.map(readKey), {
      onSuccess: (count) => {
        notifySuccess(`${formatCount(count)} deleted`);
        onDone();
      },
      onError: notifyDeletionError,
    });
  return (
    <Paper withBorder px="md" py="xs">
      <Group justify="space-between">
        <Text size="sm" role="status">
          {selected} selected
        </Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={onDone}>
            Clear selection
          </Button>
          <BulkEdit page={page} ids={ids} onDone={onDone} />
          {page.table.removable && (
            <Button
              size="xs"
              color="red.8"
              leftSection={<TrashIcon size={14} />}
              loading={removal.isPending}
              onClick={() =>
                confirmDeletion({
                  page,
                  keys: ids.map(readKey),
                  title: `Delete ${selected}?`,
                  question: "This cannot be undone.",
                  onConfirm: remove,
                })
              }
            >
              Delete
            </Button>
          )}
        </Group>
      </Group>
    </Paper>
  );
}
