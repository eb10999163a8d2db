import { useQueryClient } from "@tanstack/react-query";
import { dropDeletion, holdDeletion, sendDeletion } from "../api/held-deletions";
import { invalidateTable, tableHooks } from "../api/hooks";
import type { Consequences, Key } from "../api/table";
import { t } from "../language/messages";
import type { AnyPage } from "./page";
import { notifyDeletionError, notifyFailure, notifySuccess } from "./removal";
import { errorText } from "./states";
import { notifyUndoable } from "./undo";

interface Deletion {
  readonly key: Key;
  readonly etag: string | undefined;
  /** What was shown before it was confirmed; undefined if that is not known. */
  readonly consequences: Consequences | undefined;
  readonly onDone: () => void;
}

/**
 * Delete a single row, which can be undone for ten seconds.
 *
 * Where rows are hidden instead of deleted, that happens at once and is reversed. Elsewhere the request is held, and the
 * row hidden, until the time is over. Without knowledge of the consequences the request is sent at once: the server may
 * refuse it, which people have to be told while they are here.
 */
export function useDeletion(page: AnyPage) {
  const client = useQueryClient();
  const { table, nav } = page;
  const removal = tableHooks(table).useRemove();
  const restoring = tableHooks(table).useRestore();
  const message = t("detail.deleted", { noun: nav.labelSingular });

  // The page that asked has been left by then, so callbacks of `mutate` would not be called.
  const restore = (key: Key) =>
    restoring.mutateAsync(key).then(
      () => notifySuccess(t("deletion.restored", { noun: nav.labelSingular })),
      (error: Error) => notifyFailure(t("deletion.notRestored"), errorText(error)),
    );

  const hold = ({ key, etag, onDone }: Deletion) => {
    const close = notifyUndoable({
      message,
      onUndo: () => {
        dropDeletion(table.name, key);
        void invalidateTable(client, table.name);
      },
      onOver: () =>
        void sendDeletion(table.name, key)
          .catch(notifyDeletionError)
          .finally(() => invalidateTable(client, table.name)),
    });
    holdDeletion(table.name, key, {
      send: (keepalive) => table.remove(key, etag, keepalive),
      close,
    });
    onDone();
    void invalidateTable(client, table.name, [key]);
  };

  const remove = (deletion: Deletion) => {
    const { key, etag, consequences, onDone } = deletion;
    if (consequences && !consequences.isRestorable) {
      hold(deletion);
      return;
    }
    removal.mutate(
      { key, etag },
      {
        onSuccess: () => {
          onDone();
          if (consequences) notifyUndoable({ message, onUndo: () => void restore(key) });
          else notifySuccess(message);
        },
        onError: notifyDeletionError,
      },
    );
  };
  return { remove, isPending: removal.isPending };
}
