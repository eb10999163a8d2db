import { ActionIcon, Button, Group, Popover, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { t } from "../language/messages";
import { BookmarkIcon, TrashIcon } from "./icons";
import {
  type ColumnWidths,
  removeView,
  type Search,
  saveView,
  type View,
  viewsOf,
} from "./list-memory";
import type { AnyPage } from "./page";

interface Props {
  readonly page: AnyPage;
  /** The current state of the list. */
  readonly search: Search;
  readonly widths: ColumnWidths;
  readonly onOpen: (view: View) => void;
}

/** The views of a list: filters, order, columns and their widths under a name, kept in this browser. */
export function ViewsMenu({ page, search, widths, onOpen }: Props) {
  const table = page.nav.name;
  const [isOpen, setOpen] = useState(false);
  const [views, setViews] = useState(() => viewsOf(table));
  const [name, setName] = useState("");
  const open = (chosen: View) => {
    setOpen(false);
    onOpen(chosen);
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    const { page: _page, after: _after, before: _before, ...kept } = search;
    saveView(table, { name: name.trim(), search: kept, widths });
    setViews(viewsOf(table));
    setName("");
  };
  const remove = (removed: string) => {
    removeView(table, removed);
    setViews(viewsOf(table));
  };
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <ActionIcon
          variant="default"
          size="input-sm"
          aria-label={t("views.menu")}
          title={t("views.menu")}
          onClick={() => setOpen(!isOpen)}
        >
          <BookmarkIcon />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown aria-label={t("views.menu")}>
        <Stack gap="sm" maw={300}>
          {views.length === 0 && (
            <Text size="sm" c="dimmed">
              {t("views.hint")}
            </Text>
          )}
          {views.map((view) => (
            <Group key={view.name} gap="xs" wrap="nowrap" justify="space-between">
              <Button
                variant="subtle"
                size="compact-sm"
                flex={1}
                justify="flex-start"
                onClick={() => open(view)}
              >
                {view.name}
              </Button>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t("views.remove", { view: view.name })}
                onClick={() => remove(view.name)}
              >
                <TrashIcon size={14} />
              </ActionIcon>
            </Group>
          ))}
          <form onSubmit={save}>
            <Group gap="xs" wrap="nowrap">
              <TextInput
                size="xs"
                flex={1}
                aria-label={t("views.name")}
                placeholder={t("views.name")}
                maxLength={60}
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
              />
              <Button type="submit" size="xs" disabled={name.trim() === ""}>
                {t("views.save")}
              </Button>
            </Group>
          </form>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
