import { Button, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useEffect, useState } from "react";
import { t } from "../language/messages";

const UNDO_MS = 10_000;

interface Undoable {
  readonly message: string;
  readonly onUndo: () => void;
  /** Called when it can no longer be undone: the time is over, or the notification was closed. */
  readonly onOver?: () => void;
}

/** Show for ten seconds that something was done, with a button and Ctrl+Z to undo it. Returns what closes it. */
export function notifyUndoable({ message, onUndo, onOver }: Undoable): () => void {
  let isUndone = false;
  const id = notifications.show({
    message: (
      <Message
        text={message}
        onUndo={() => {
          isUndone = true;
          notifications.hide(id);
          onUndo();
        }}
        onOver={() => notifications.hide(id)}
      />
    ),
    color: "teal",
    autoClose: false,
    closeButtonProps: { "aria-label": t("close") },
    onClose: () => {
      if (!isUndone) onOver?.();
    },
  });
  return () => notifications.hide(id);
}

interface MessageProps {
  readonly text: string;
  readonly onUndo: () => void;
  readonly onOver: () => void;
}

/** The time begins again when the pointer or the keyboard leaves the message. */
function Message({ text, onUndo, onOver }: MessageProps) {
  const [isUsed, setUsed] = useState(false);
  useEffect(() => {
    if (isUsed) return;
    const timer = setTimeout(onOver, UNDO_MS);
    return () => clearTimeout(timer);
  }, [isUsed, onOver]);
  useEffect(() => {
    const undoByKey = (event: KeyboardEvent) => {
      const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key === "z";
      if (!isUndo || isEditable(event.target)) return;
      event.preventDefault();
      onUndo();
    };
    window.addEventListener("keydown", undoByKey);
    return () => window.removeEventListener("keydown", undoByKey);
  }, [onUndo]);
  return (
    <Group
      gap="sm"
      justify="space-between"
      wrap="nowrap"
      onMouseEnter={() => setUsed(true)}
      onMouseLeave={() => setUsed(false)}
      onFocus={() => setUsed(true)}
      onBlur={() => setUsed(false)}
    >
      <span>{text}</span>
      <Button size="xs" variant="default" aria-keyshortcuts="Control+Z" onClick={onUndo}>
        {t("undo")}
      </Button>
    </Group>
  );
}

function isEditable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, [contenteditable]");
}
