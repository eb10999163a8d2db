import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  Popover,
  ScrollArea,
  Stack,
  Switch,
  TextInput,
} from "@mantine/core";
import { useDebouncedCallback, useDisclosure } from "@mantine/hooks";
import { Link, useRouter } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { isAllowed } from "../api/session-state";
import { t } from "../language/messages";
import { labelFor } from "./data-columns";
import { FileExport } from "./file-export";
import { lowerFirst } from "./formats";
import { ColumnsIcon, PlusIcon, SearchIcon, UploadIcon } from "./icons";
import type { ColumnWidths, View } from "./list-memory";
import {
  canSearch,
  canShowDeleted,
  type ListState,
  readState,
  shownColumns,
  writeState,
} from "./list-state";
import type { AnyPage } from "./page";
import { ViewsMenu } from "./views-menu";

const ImportDialog = lazy(() => import("./importing/import-dialog"));
const SEARCH_DELAY = 300; // milliseconds after the last key press

interface Props {
  readonly page: AnyPage;
  readonly state: ListState;
  readonly onChange: (change: Partial<ListState>, options?: { replace: boolean }) => void;
  readonly widths: ColumnWidths;
  readonly onWidths: (widths: ColumnWidths) => void;
}

/** The toolbar of a list: search, column selection, export, and a link to create a row. */
export function ListToolbar(props: Props) {
  const { page, state, onChange, widths, onWidths } = props;
  const openView = (view: View) => {
    onChange(readState(view.search, page));
    if (view.widths) onWidths(view.widths);
  };
  return (
    <Group gap="sm" wrap="wrap">
      {canSearch(page) && (
        <SearchField
          label={t("search.in", { nouns: lowerFirst(page.nav.label) })}
          value={state.q}
          onChange={(q) => onChange({ q }, { replace: true })}
        />
      )}
      <Group gap="sm" ml="auto" justify="flex-end">
        {canShowDeleted(page) && (
          <Switch
            size="sm"
            label={t("list.showDeleted")}
            checked={state.deleted === true}
            onChange={(event) => onChange({ deleted: event.currentTarget.checked || undefined })}
          />
        )}
        <ViewsMenu page={page} search={writeState(state)} widths={widths} onOpen={openView} />
        <ColumnChoice {...props} />
        {isAllowed("export", page.table.path) && <FileExport page={page} state={state} />}
        {page.table.creatable && <FileImport page={page} />}
        {page.table.creatable && (
          <Button
            leftSection={<PlusIcon />}
            renderRoot={(props) => (
              <Link {...props} to="/$table/new" params={{ table: page.nav.name }} />
            )}
          >
            {t("form.new", { noun: lowerFirst(page.nav.labelSingular) })}
          </Button>
        )}
      </Group>
    </Group>
  );
}

/** Opens the import of a file, whose code is loaded then. */
function FileImport({ page }: Pick<Props, "page">) {
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <>
      <ActionIcon
        variant="default"
        size="input-sm"
        aria-label={t("import.open")}
        title={t("import.open")}
        aria-haspopup="dialog"
        onClick={open}
      >
        <UploadIcon />
      </ActionIcon>
      {isOpen && (
        <Suspense>
          <ImportDialog page={page} onClose={close} />
        </Suspense>
      )}
    </>
  );
}

interface SearchProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** A debounced search field that is also updated when the URL changes. */
function SearchField({ label, value, onChange }: SearchProps) {
  const [typed, setTyped] = useState(value);
  const search = useDebouncedCallback(onChange, SEARCH_DELAY);
  const router = useRouter();
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    // A search that begins while another page is opened would lead back here.
    return router.subscribe("onBeforeNavigate", ({ pathChanged }) => {
      if (pathChanged) search.cancel();
    });
  }, [router, search]);
  const change = (text: string) => {
    setTyped(text);
    search(text);
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

function ColumnChoice({ page, state, onChange, widths, onWidths }: Props) {
  const shown = shownColumns(page, state);
  const names = [...page.byName.keys(), ...page.extraColumns.map(({ name }) => name)];
  const choose = (name: string, isShown: boolean) => {
    const chosen = isShown ? [...shown, name] : shown.filter((column) => column !== name);
    if (chosen.length > 0) onChange({ columns: chosen }, { replace: true });
  };
  const reset = () => {
    onChange({ columns: undefined }, { replace: true });
    onWidths({});
  };
  return (
    <Popover position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <ActionIcon
          variant="default"
          size="input-sm"
          aria-label={t("columns.choose")}
          title={t("columns.choose")}
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
          {(state.columns || Object.keys(widths).length > 0) && (
            <Button size="xs" variant="default" onClick={reset}>
              {t("columns.reset")}
            </Button>
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
