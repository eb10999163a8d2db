import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { ProblemError } from "../api/problem";
import type { Consequences, Key } from "../api/table";
import { t } from "../language/messages";
import { DeletionQuestion } from "./deletion-question";
import { lowerFirst } from "./formats";
import type { AnyPage } from "./page";
import { navOf } from "./registry";
import { errorText } from "./states";

const closeButton = () => ({ "aria-label": t("close") });

interface Deletion {
  readonly page: AnyPage;
  readonly keys: readonly Key[];
  readonly title: string;
  readonly question: string;
  /** Receives what was shown to be the consequences, if that is known. */
  readonly onConfirm: (consequences: Consequences | undefined) => void;
}

/** Ask for confirmation before a deletion, and show what it would do to other rows. */
export function confirmDeletion({ title, onConfirm, ...asked }: Deletion): void {
  const id = modals.open({
    title,
    closeButtonProps: closeButton(),
    children: (
      <DeletionQuestion
        {...asked}
        onAnswer={(isConfirmed, consequences) => {
          modals.close(id);
          if (isConfirmed) onConfirm(consequences);
        }}
      />
    ),
  });
}

/** Show a notification of a success. */
export function notifySuccess(message: string): void {
  notifications.show({ message, color: "teal", closeButtonProps: closeButton() });
}

/** Show a notification of a failure for ten seconds. */
export function notifyFailure(title: string, message: string): void {
  notifications.show({
    title,
    message,
    color: "red",
    autoClose: 10_000,
    closeButtonProps: closeButton(),
  });
}

/** Show a notification of a failed deletion, with the tables whose rows prevent it. */
export function notifyDeletionError(error: Error): void {
  notifyFailure(t("deletion.failed"), deletionErrorText(error));
}

/** Return the message of a failed deletion, with the labels of the tables that the server names. */
export function deletionErrorText(error: Error): string {
  if (!(error instanceof ProblemError)) return errorText(error);
  const message = error.errors.find(({ code }) => code === "referenced")?.message ?? "";
  const names = message.replace(/^is in use by /, "").split(" or ");
  const labels = names.flatMap((name) => navOf(name)?.label ?? []);
  if (labels.length === 0) return errorText(error);
  return t("deletion.inUse", { tables: labels.map(lowerFirst).join(", ") });
}
