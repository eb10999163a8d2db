import {
  Alert,
  Button,
  FileInput,
  Group,
  Modal,
  ScrollArea,
  Select,
  Stack,
  Table,
  Text,
} from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { tableHooks } from "../../api/hooks";
import { ProblemError } from "../../api/problem";
import { t } from "../../language/messages";
import { countedRows, formatCount, lowerFirst } from "../formats";
import type { AnyPage, FieldInfo } from "../page";
import { notifySuccess } from "../removal";
import { ALERT_STYLES, errorText } from "../states";
import { type CsvTable, decodeText, readCsv } from "./csv-text";
import {
  checkImport,
  type ImportError,
  importedFields,
  MAX_ROWS,
  type Mapping,
  matchColumns,
  missingFields,
  rejectedLines,
} from "./import-rows";

const MAX_SHOWN = 200; // errors

interface Props {
  readonly page: AnyPage;
  readonly onClose: () => void;
}

/** Imports a CSV file: its columns are matched with fields, everything is checked, and all rows are added or none. */
export default function ImportDialog({ page, onClose }: Props) {
  const [table, setTable] = useState<CsvTable>();
  const [mapping, setMapping] = useState<Mapping>([]);
  const [rejected, setRejected] = useState<readonly ImportError[]>();
  const create = tableHooks(page.table).useCreateMany();
  const check = useMutation({ mutationFn: checked });
  const nouns = lowerFirst(page.nav.label);

  async function checked(file: CsvTable) {
    setRejected(undefined);
    return checkImport(page, file, mapping);
  }
  const restart = () => {
    check.reset();
    create.reset();
    setRejected(undefined);
  };
  const open = async (file: File | null) => {
    restart();
    const read = file ? readCsv(decodeText(await file.arrayBuffer())) : undefined;
    setTable(read);
    setMapping(read ? matchColumns(page, read.header) : []);
  };
  const send = () => {
    if (!check.data) return;
    create.mutate(check.data.bodies, {
      onSuccess: (rows) => {
        notifySuccess(t("import.done", { rows: countedRows(page.nav, rows.length) }));
        onClose();
      },
      onError: (error) => {
        if (error instanceof ProblemError)
          setRejected(rejectedLines(page, error, mapping, check.data.lines));
      },
    });
  };
  const isTooLong = table !== undefined && table.rows.length > MAX_ROWS;
  const missing = table ? missingFields(page, mapping) : [];
  const errors = rejected ?? check.data?.errors ?? [];
  const isReady = check.data !== undefined && errors.length === 0;
  const problem = check.error ?? (rejected?.length ? null : create.error);
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
          accept=".csv,.tsv,.txt,text/csv"
          placeholder={t("file.choose")}
          onChange={open}
          data-autofocus
        />
        {table && (
          <Columns
            page={page}
            table={table}
            mapping={mapping}
            onChange={(changed) => {
              restart();
              setMapping(changed);
            }}
          />
        )}
        {missing.length > 0 && (
          <Text size="sm">
            {t("import.missing", { fields: missing.map(({ label }) => label).join(", ") })}
          </Text>
        )}
        {isTooLong && (
          <Text size="sm" role="alert">
            {t("import.tooLong", {
              count: formatCount(table.rows.length),
              most: formatCount(MAX_ROWS),
            })}
          </Text>
        )}
        {errors.length > 0 && <Errors errors={errors} />}
        {problem && (
          <Alert
            color="red"
            variant="outline"
            styles={ALERT_STYLES}
            role="alert"
            title={t("import.nothing")}
          >
            <Text size="sm">{errorText(problem)}</Text>
          </Alert>
        )}
        <Group justify="space-between">
          <Text size="sm" c="dimmed" role="status">
            {statusText(table, isReady)}
          </Text>
          <Group gap="sm">
            <Button variant="default" onClick={onClose}>
              {t("cancel")}
            </Button>
            {isReady ? (
              <Button onClick={send} loading={create.isPending}>
                {t("import.submit", { count: check.data.bodies.length })}
              </Button>
            ) : (
              <Button
                onClick={() => table && check.mutate(table)}
                loading={check.isPending}
                disabled={!table || table.rows.length === 0 || isTooLong || missing.length > 0}
              >
                {t("import.check")}
              </Button>
            )}
          </Group>
        </Group>
      </Stack>
    </Modal>
  );
}

function statusText(table: CsvTable | undefined, isReady: boolean): string {
  if (!table) return "";
  return t(isReady ? "import.checked" : "import.rows", { count: table.rows.length });
}

interface ColumnsProps {
  readonly page: AnyPage;
  readonly table: CsvTable;
  readonly mapping: Mapping;
  readonly onChange: (mapping: Mapping) => void;
}

/** The columns of the file, each with an example and the field that it is imported into. */
function Columns({ page, table, mapping, onChange }: ColumnsProps) {
  const fields = importedFields(page);
  const choose = (index: number, field: FieldInfo | undefined) =>
    onChange(mapping.map((one, at) => (at === index ? field : one === field ? undefined : one)));
  return (
    <ScrollArea.Autosize mah={280} type="auto">
      <Table verticalSpacing={4} aria-label={t("import.columns")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t("import.column")}</Table.Th>
            <Table.Th scope="col">{t("import.example")}</Table.Th>
            <Table.Th scope="col">{t("import.field")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {table.header.map((title, index) => (
            <Table.Tr key={title}>
              <Table.Td>{title}</Table.Td>
              <Table.Td c="dimmed">{exampleOf(table, index)}</Table.Td>
              <Table.Td>
                <Select
                  size="xs"
                  aria-label={t("import.fieldOf", { column: title })}
                  placeholder={t("import.notImported")}
                  data={fields.map(({ name, label }) => ({ value: name, label }))}
                  value={mapping[index]?.name ?? null}
                  onChange={(name) =>
                    choose(
                      index,
                      fields.find((field) => field.name === name),
                    )
                  }
                  searchable
                  openOnFocus={false}
                  clearable
                  clearButtonProps={{ "aria-label": t("import.skip", { column: title }) }}
                />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}

function exampleOf(table: CsvTable, index: number): string {
  const cell = table.rows.find(({ cells }) => cells[index]?.trim())?.cells[index] ?? "";
  return cell.length > 40 ? `${cell.slice(0, 40)}…` : cell;
}

function Errors({ errors }: { errors: readonly ImportError[] }) {
  const lines = new Set(errors.map(({ line }) => line)).size;
  const title = t("import.wrong", { count: lines });
  return (
    <Alert color="red" variant="outline" styles={ALERT_STYLES} role="alert" title={title}>
      <ScrollArea.Autosize mah={240} type="auto">
        <Table verticalSpacing={4} aria-label={t("import.errors")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("import.line")}</Table.Th>
              <Table.Th scope="col">{t("import.value")}</Table.Th>
              <Table.Th scope="col">{t("import.error")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {errors.slice(0, MAX_SHOWN).map(({ line, column, value, message }) => (
              <Table.Tr key={`${line} ${column} ${message}`}>
                <Table.Td>{line}</Table.Td>
                <Table.Td>{value}</Table.Td>
                <Table.Td>{message}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      {errors.length > MAX_SHOWN && (
        <Text size="sm">{t("import.more", { count: errors.length - MAX_SHOWN })}</Text>
      )}
    </Alert>
  );
}
