import { Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { ProblemError } from "../api/problem";
import { lowerFirst } from "./formats";
import { navOf } from "./registry";
import { errorText } from "./states";

/** Ask before something is taken away for good. */
export function confirmRemoval(title: string, question: string, onConfirm: () => void): void {
  modals.openConfirmModal({
    title,
    children: <Text size="sm">{question}</Text>,
    labels: { confirm: "Delete", cancel: "Cancel" },
    confirmProps: { color: "red.8" },
    closeButtonProps: { "aria-label": "Close" },
    onConfirm,
  });
}

/** Say that something was done. */
export function tellDone(message: string): void {
  notifications.show({ message, color: "teal" });
}

/** Say that something could not be done. */
export function tellFailure(title: string, message: string): void {
  notifications.show({ title, message, color: "red", autoClose: 10_000 });
}

/** Say that rows could not be deleted: which others refer to them, where it is that. */
export function tellNotRemoved(error: Error): void {
  tellFailure("Not deleted", whyNotRemoved(error));
}

/** The server names tables as the database does; people know them by their labels. */
export function whyNotRemoved(error: Error): string {
  if (!(error instanceof ProblemError)) return errorText(error);
  const told = error.errors.find(({ code }) => code === "referenced")?.message ?? "";
  const names = told.replace(/^is in use by /, "").split(" or ");
  const labels = names.flatMap((name) => navOf(name)?.label ?? []);
  if (labels.length === 0) return errorText(error);
  return `It is still in use: delete or change what refers to it first (${labels.map(lowerFirst).join(", ")}).`;
}
