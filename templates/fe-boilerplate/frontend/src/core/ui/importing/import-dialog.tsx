import { Anchor, Button, FileInput, Group, Loader, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { tableHooks } from "../../api/hooks";
import { type FileColumns, fetchTemplate, importFile, readFileColumns } from "../../api/imports";
import { t } from "../../language/messages";
import { countedRows, lowerFirst } from "../formats";
import type { AnyPage } from "../page";
import { notifyFailure, notifySuccess } from "../removal";
import { saveFile } from "../save-file";
import { errorText, ProblemAlert } from "../states";
import { CellErrorTable } from "./cell-error-table";
import { ColumnMapping } from "./column-mapping";
import { type Mapping, matchColumns, missingFields, readingOf } from "./file-columns";

interface Props {
  readonly page: AnyPage;
  readonly onClose: () => void;
}

interface Opened {
  readonly file: File;
  readonly columns: FileColumns;
  /** Tells a file from another one of the same name. */
  readonly number: number;
}

/** Imports a file: its columns are matched with fields, the server checks it, and all rows are added or none. */
export default function ImportDialog({ page, onClose }: Props) {
  const [opened, setOpened] = useState<Opened>();
  const [mapping, setMapping] = useState<Mapping>([]);
  const store = tableHooks(page.table).useImport();
  const nouns = lowerFirst(page.nav.label);
  const open = useMutation({
    mutationFn: async (file: File) => {
      const columns = await readFileColumns(page.table, file);
      return { file, columns, number: (opened?.number ?? 0) + 1 };
    },
    onSuccess: (read) => {
      setOpened(read);
      setMapping(matchColumns(page, read.columns));
    },
  });
  const choose = (file: File | null) => {
    setOpened(undefined);
    store.reset();
    if (file) open.mutate(file);
  };
  const missing = opened ? missingFields(page, opened.columns, mapping) : [];
  const reading = readingOf(mapping);
  const check = useQuery({
    queryKey: ["import", page.nav.name, opened?.number, reading],
    queryFn: ({ signal }) =>
      opened ? importFile(page.table, opened.file, reading, true, signal) : null,
    enabled: opened !== undefined && missing.length === 0 && mapping.some(Boolean),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const report = check.data;
  const isReady = report?.error_count === 0 && report.rows > 0;
  const send = () => {
    if (!opened) return;
    store.mutate(
      { file: opened.file, reading },
      {
        onSuccess: ({ stored }) => {
          notifySuccess(t("import.done", { rows: countedRows(page.nav, stored) }));
          onClose();
        },
        onError: () => check.refetch(),
      },
    );
  };
  const problem = open.error ?? check.error ?? store.error;
  const isBusy = open.isPending || check.isFetching;
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      closeOnClickOutside={false}
      title={t("import.title", { nouns })}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <Stack gap="md">
        <FileInput
          label={t("import.file")}
          description={t("import.hint")}
          accept=".csv,.tsv,.txt,.xlsx,text/csv"
          placeholder={t("file.choose")}
          onChange={choose}
          data-autofocus
        />
        {!opened && <Template page={page} />}
        {opened && (
          <ColumnMapping
            page={page}
            file={opened.columns}
            mapping={mapping}
            onChange={(changed) => {
              store.reset();
              setMapping(changed);
            }}
          />
        )}
        {missing.length > 0 && (
          <Text size="sm">
            {t("import.missing", { fields: missing.map(({ label }) => label).join(", ") })}
          </Text>
        )}
        {report && report.error_count > 0 && <CellErrorTable page={page} report={report} />}
        {problem && !report?.error_count && (
          <ProblemAlert title={t("import.nothing")}>
            <Text size="sm">{errorText(problem)}</Text>
          </ProblemAlert>
        )}
        <Group justify="space-between">
          <Group gap="xs">
            {isBusy && <Loader size="xs" />}
            <Text size="sm" c="dimmed" role="status">
              {isBusy
                ? t("import.checking")
                : isReady && t("import.checked", { count: report.rows })}
            </Text>
          </Group>
          <Group gap="sm">
            <Button variant="default" onClick={onClose}>
              {t("cancel")}
            </Button>
            <Button onClick={send} loading={store.isPending} disabled={!isReady || isBusy}>
              {t("import.submit", { count: report?.rows ?? 0 })}
            </Button>
          </Group>
        </Group>
      </Stack>
    </Modal>
  );
}

/** A link to an empty file with the right columns. */
function Template({ page }: { page: AnyPage }) {
  const titles = Object.fromEntries([...page.byName].map(([name, { label }]) => [name, label]));
  const { mutate, isPending } = useMutation({
    mutationFn: () => fetchTemplate(page.table, titles),
    onSuccess: (content) => saveFile(content, `${page.nav.name}.xlsx`),
    onError: (error) => notifyFailure(t("export.failed"), errorText(error)),
  });
  return (
    <Text size="sm">
      <Anchor component="button" type="button" onClick={() => mutate()} disabled={isPending}>
        {t("import.template")}
      </Anchor>
    </Text>
  );
}
