import { ScrollArea, Select, Table, Text } from "@mantine/core";
import type { FileColumns } from "../../api/imports";
import { t } from "../../language/messages";
import type { AnyPage, FieldInfo } from "../page";
import classes from "./column-mapping.module.css";
import { importedFields, type Mapping } from "./file-columns";

interface Props {
  readonly page: AnyPage;
  readonly file: FileColumns;
  readonly mapping: Mapping;
  readonly onChange: (mapping: Mapping) => void;
}

/** The columns of a file, each with an example and the field that it is imported into. */
export function ColumnMapping({ page, file, mapping, onChange }: Props) {
  const fields = importedFields(page, file);
  const choose = (index: number, field: FieldInfo | undefined) =>
    onChange(mapping.map((one, at) => (at === index ? field : one === field ? undefined : one)));
  return (
    <ScrollArea.Autosize mah={280} type="auto">
      <Table verticalSpacing={4} aria-label={t("import.columns")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t("import.column")}</Table.Th>
            <Table.Th scope="col" visibleFrom="sm">
              {t("import.example")}
            </Table.Th>
            <Table.Th scope="col">{t("import.field")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {file.columns.map(({ letters, title, example }, index) => {
            const name = title || t("import.columnLetters", { letters });
            return (
              <Table.Tr key={letters}>
                <Table.Td className={classes.name}>
                  {name}
                  <Text size="xs" c="dimmed" hiddenFrom="sm">
                    {shortened(example)}
                  </Text>
                </Table.Td>
                <Table.Td c="dimmed" visibleFrom="sm">
                  {shortened(example)}
                </Table.Td>
                <Table.Td className={classes.field}>
                  <Select
                    size="xs"
                    aria-label={t("import.fieldOf", { column: name })}
                    placeholder={t("import.notImported")}
                    data={fields.map((field) => ({ value: field.name, label: field.label }))}
                    value={mapping[index]?.name ?? null}
                    onChange={(chosen) =>
                      choose(
                        index,
                        fields.find((field) => field.name === chosen),
                      )
                    }
                    searchable
                    openOnFocus={false}
                    clearable
                    clearButtonProps={{ "aria-label": t("import.skip", { column: name }) }}
                  />
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}

const MAX_EXAMPLE = 40; // characters

function shortened(text: string): string {
  return text.length > MAX_EXAMPLE ? `${text.slice(0, MAX_EXAMPLE)}…` : text;
}
