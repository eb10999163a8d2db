import { Box, Button, Group, Table, Text } from "@mantine/core";
import { useRef } from "react";
import type { ImportReport } from "../../api/imports";
import { t } from "../../language/messages";
import { RowGap } from "../data-table";
import { DownloadIcon } from "../icons";
import type { AnyPage } from "../page";
import { saveFile } from "../save-file";
import { ProblemAlert } from "../states";
import { useSlots } from "../virtual-slots";
import classes from "./cell-error-table.module.css";
import { errorSentence, errorsCsv } from "./cell-errors";

const MANY = 50; // errors from which on only those in view are rendered
const ROW_HEIGHT = 30; // pixels, until a row is measured

interface Props {
  readonly page: AnyPage;
  readonly report: ImportReport;
}

/** What is wrong with a file, cell by cell. */
export function CellErrorTable({ page, report }: Props) {
  const { errors } = report;
  const scroller = useRef<HTMLElement>(null);
  const { slots, measure } = useSlots({
    axis: "row",
    count: errors.length,
    sizeOf: () => ROW_HEIGHT,
    scroller: errors.length > MANY ? scroller : undefined,
  });
  const hidden = report.error_count - errors.length;
  return (
    <ProblemAlert title={t("import.wrong", { count: report.wrong_rows })}>
      <Box
        ref={scroller}
        component="section"
        className={classes.box}
        tabIndex={0} // so that keys can scroll it
        aria-label={t("import.errors")}
      >
        <Table
          verticalSpacing={4}
          horizontalSpacing={6}
          stickyHeader
          aria-label={t("import.errors")}
          aria-rowcount={errors.length + 1}
        >
          <Table.Thead>
            <Table.Tr aria-rowindex={1}>
              <Table.Th scope="col">{t("import.row")}</Table.Th>
              <Table.Th scope="col">{t("import.column")}</Table.Th>
              <Table.Th scope="col" visibleFrom="sm">
                {t("import.value")}
              </Table.Th>
              <Table.Th scope="col">{t("import.error")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {slots.map(({ index, gap }) => {
              const error = errors[index];
              if (!error || gap) return <RowGap key={`before ${index}`} height={gap} />;
              return (
                <Table.Tr key={index} ref={measure} data-row={index} aria-rowindex={index + 2}>
                  <Table.Td>{error.row}</Table.Td>
                  <Table.Td>{error.column}</Table.Td>
                  <Table.Td className={classes.value} visibleFrom="sm">
                    {error.value}
                  </Table.Td>
                  <Table.Td>
                    {errorSentence(page, error)}
                    <Text size="xs" c="dimmed" hiddenFrom="sm" className={classes.value}>
                      {error.value}
                    </Text>
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Box>
      <Group justify="space-between" mt="xs">
        <Text size="sm">{hidden > 0 && t("import.more", { count: hidden })}</Text>
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<DownloadIcon />}
          onClick={() => saveFile(errorsCsv(page, errors), `${page.nav.name}-errors.csv`)}
        >
          {t("import.saveErrors")}
        </Button>
      </Group>
    </ProblemAlert>
  );
}
