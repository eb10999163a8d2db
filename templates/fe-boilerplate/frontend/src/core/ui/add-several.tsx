import { Button, Modal, Paper, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { t } from "../language/messages";
import type { SearchFocus } from "./choice-list";
import { lowerFirst } from "./formats";
import { PlusIcon } from "./icons";
import { chosenReferences } from "./several";
import { type Place, Several } from "./several-form";

/** A button that opens a check list of the rows to link with a row. Nothing for tables without a second reference. */
export function AddSeveral(props: Place) {
  const { page, referrer } = props;
  const references = useMemo(() => chosenReferences(page, referrer), [page, referrer]);
  const [opened, { open, close }] = useDisclosure();
  if (references.length === 0) return null;
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<PlusIcon size={14} />}
        onClick={open}
        aria-haspopup="dialog"
      >
        {t("several.open")}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        size="lg"
        closeOnClickOutside={false}
        title={t("several.title", { nouns: lowerFirst(page.nav.label) })}
        closeButtonProps={{ "aria-label": t("close") }}
      >
        <Several
          {...props}
          references={references}
          focus="scrolling"
          onDone={close}
          onCancel={close}
        />
      </Modal>
    </>
  );
}

interface InPlaceProps extends Place {
  readonly isBelowRows: boolean;
  readonly onDone: () => void;
}

/** The check list on the page itself: in place of the rows that a row does not have yet, or below those it has. */
export function SeveralInPlace({ isBelowRows, onDone, ...props }: InPlaceProps) {
  const { page, referrer } = props;
  const references = useMemo(() => chosenReferences(page, referrer), [page, referrer]);
  const [focus] = useState(() => initialFocus(isBelowRows));
  return (
    <Paper withBorder p="md">
      {isBelowRows && (
        <Title order={3} size="sm" mb="sm">
          {t("several.title", { nouns: lowerFirst(page.nav.label) })}
        </Title>
      )}
      <Several {...props} references={references} focus={focus} onDone={onDone} />
    </Paper>
  );
}

/**
 * The focus of a check list whose tab was opened. With the keyboard it stays there: the arrow keys choose others.
 *
 * Rows stay in view, and are not covered by the keyboard of a phone.
 */
function initialFocus(isBelowRows: boolean): SearchFocus {
  const focused = document.activeElement;
  const isPressed = focused?.getAttribute("role") === "tab" && !focused.matches(":focus-visible");
  if (!isPressed) return "none";
  if (!isBelowRows) return "scrolling";
  return matchMedia("(pointer: coarse)").matches ? "none" : "still";
}
