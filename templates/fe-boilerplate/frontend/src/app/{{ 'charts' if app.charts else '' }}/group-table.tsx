import { Anchor, ScrollArea, Table } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { t } from "../../core/language/messages";
import { formatCount } from "../../core/ui/formats";
import type { Bar } from "./bars";

interface Props {
  readonly bars: readonly Bar[];
  readonly table: string;
  readonly title: string;
  /** The label of the field. */
  readonly head: string;
}

/** The numbers of a chart. */
export function GroupTable({ bars, table, title, head }: Props) {
  return (
    <ScrollArea.Autosize mah={200} type="auto" offsetScrollbars>
      <Table aria-label={title} verticalSpacing={4} fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{head}</Table.Th>
            <Table.Th scope="col" ta="end">
              {t("charts.rows")}
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {bars.map(({ label, count, filters }) => (
            <Table.Tr key={label}>
              <Table.Th scope="row" fw={400}>
                {filters && count > 0 ? (
                  <Anchor
                    fz="sm"
                    renderRoot={(props) => (
                      <Link {...props} to="/$table" params={{ table }} search={filters} />
                    )}
                  >
                    {label}
                  </Anchor>
                ) : (
                  label
                )}
              </Table.Th>
              <Table.Td ta="end">{formatCount(count)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}
