import { Group, NumberInput, Pagination } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { AnyRow, Page } from "../api/table";
import { t } from "../language/messages";
import { type Place, placeOf } from "./place";
import { pageCount } from "./totals";

const JUMP_THRESHOLD = 7; // pages; the buttons lead to each of fewer pages

interface Props {
  /** The page of the list at `place`. */
  readonly list: Page<AnyRow>;
  /** Whether `list` is still the page that was shown before: its cursors are not those of `place`. */
  readonly isStale: boolean;
  readonly place: Place;
  readonly size: number;
  readonly onChange: (place: Place) => void;
}

/** Leads to the other pages of a list. */
export function Pager({ list, isStale, place, size, onChange }: Props) {
  const count = pageCount(list, place.page, size);
  if (count === 1) return null;
  const open = (page: number) => onChange(placeOf(page, place, isStale ? undefined : list));
  return (
    <Group gap="sm">
      {count > JUMP_THRESHOLD && <PageJump count={count} onJump={open} />}
      <Pagination
        total={count}
        value={place.page}
        onChange={open}
        siblings={1}
        size="sm"
        getControlProps={(control) => ({ "aria-label": t(CONTROLS[control]) })}
        getItemProps={(number) => ({ "aria-label": t("pager.page", { number: String(number) }) })}
      />
    </Group>
  );
}

const CONTROLS = {
  first: "pager.first",
  previous: "pager.previous",
  next: "pager.next",
  last: "pager.last",
} as const;

/** A field for the number of a page; a number beyond the last page leads to the last page. */
function PageJump({ count, onJump }: { count: number; onJump: (page: number) => void }) {
  const [typed, setTyped] = useState<number | string>("");
  const jump = (event: FormEvent) => {
    event.preventDefault();
    if (typed === "") return;
    setTyped("");
    onJump(Math.min(Math.max(Number(typed), 1), count));
  };
  return (
    <form onSubmit={jump}>
      <NumberInput
        aria-label={t("pager.go")}
        placeholder={t("pager.go")}
        w={110}
        size="sm"
        hideControls
        allowDecimal={false}
        allowNegative={false}
        value={typed}
        onChange={setTyped}
      />
    </form>
  );
}
