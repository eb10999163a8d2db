import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  Popover,
  ScrollArea,
  Stack,
  TextInput,
} from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { labelFor } from "./data-table";
import { lowerFirst } from "./formats";
import { ColumnsIcon, DownloadIcon, PlusIcon, SearchIcon } from "./icons";
import { canSearch, type ListState, queryOf, shownColumns } from "./list-state";
import type { AnyPage } from "./page";
import { tellFailure } from "./removal";
import { errorText } from "./states";

const PAUSE = 300; // milliseconds after the last key

interface Props {
  readonly page: AnyPage;
  readonly state: ListState;
  readonly onChange: (change: Partial<ListState>, options?: { replace: boolean }) => void;
}

/** What stands above a list: search, columns, export, and the way to a new row. */
export function ListToolbar({ page, state, onChange }: Props) {
  return (
    <Group gap="sm" wrap="wrap">
      {canSearch(page) && (
        <SearchField
          label={`Search ${page.nav.label}`}
          value={state.q}
          onChange={(q) => onChange({ q }, { replace: true })}
        />
      )}
      <Group gap="sm" ml="auto" wrap="nowrap">
        <ColumnChoice page={page} state={state} onChange={onChange} />
        <CsvExport page={page} state={state} />
        {page.table.writable && (
          <Button
            leftSection={<PlusIcon />}
            renderRoot={(props) => (
              <Link {...props} to="/$table/new" params={{ table: page.nav.name }} />
            )}
          >
            New {lowerFirst(page.nav.labelSingular)}
          </Button>
        )}
      </Group>
    </Group>
  );
}

/** Goes through the client, so that what the backend asks of every request goes along. */
function CsvExport({ page, state }: Pick<Props, "page" | "state">) {
  const { mutate, isPending } = useMutation({
    mutationFn: () => page.table.exportCsv(queryOf(state, [])),
    onSuccess: (content) => saveFile(content, `${page.nav.name}.csv`),
    onError: (error) => tellFailure("Not exported", errorText(error)),
  });
  return (
    <ActionIcon
      variant="default"
      size="input-sm"
      aria-label="Export as CSV"
      title="Export as CSV"
      loading={isPending}
      onClick={() => mutate()}
    >
      <DownloadIcon />
    </ActionIcon>
  );
}

/** Have the browser save content under a name. */
function saveFile(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}

const KEPT = 60_000; // milliseconds that a browser may take to begin saving

interface SearchProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Searches a moment after the last key; follows the URL where that changes by itself. */
function SearchField({ label, value, onChange }: SearchProps) {
  const [typed, setTyped] = useState(value);
  const tell = useDebouncedCallback(onChange, PAUSE);
  useEffect(() => setTyped(value), [value]);
  const change = (text: string) => {
    setTyped(text);
    tell(text);
  };
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<SearchIcon />}
      value={typed}
      onChange={(event) => change(event.currentTarget.value)}
      style={{ flex: "1 1 220px", maxWidth: 420 }}
    />
  );
}

function ColumnChoice({ page, state, onChange }: Props) {
  const shown = shownColumns(page, state);
  const names = [...page.byName.keys(), ...page.extraColumns.map(({ name }) => name)];
  const choose = (name: string, isShown: boolean) => {
    const chosen = isShown ? [...shown, name] : shown.filter((one) => one !== name);
    if (chosen.length > 0) onChange({ columns: chosen }, { replace: true });
  };
  return (
    <Popover position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <ActionIcon
          variant="default"
          size="input-sm"
          aria-label="Choose columns"
          title="Choose columns"
        >
          <ColumnsIcon />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="sm">
          <ScrollArea.Autosize mah={320} type="auto">
            <Stack gap={8} pr="md">
              {names.map((name) => (
                <Checkbox
                  key={name}
                  size="sm"
                  label={labelFor(page, name)}
                  checked={shown.includes(name)}
                  onChange={(event) => choose(name, event.currentTarget.checked)}
                />
              ))}
            </Stack>
          </ScrollArea.Autosize>
          {state.columns && (
            <Button
              size="xs"
              variant="default"
              onClick={() => onChange({ columns: undefined }, { replace: true })}
            >
              Reset
            </Button>
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
