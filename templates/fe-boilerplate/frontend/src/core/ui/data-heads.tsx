import { Table } from "@mantine/core";
import { memo, type ReactNode } from "react";
import { ColumnEdge } from "./column-edge";
import { alignOf, keyOf, labelFor, placeOf, type ShownColumns } from "./data-columns";
import type { ColumnWidths } from "./list-memory";

export const LEAST_WIDTH = 130; // pixels, of a column whose width was not chosen
export const SELECTION_WIDTH = 44; // pixels

/** The widths of the columns in a table whose cells do not determine them. */
export function Widths({
  across,
  canSelect,
  widths,
}: ShownColumns & { widths: readonly number[] }) {
  return (
    <colgroup>
      {canSelect && <col style={{ width: SELECTION_WIDTH }} />}
      {across.map((slot) => (
        <col key={keyOf(slot)} style={{ width: slot.gap ?? widths[slot.index] }} />
      ))}
    </colgroup>
  );
}

interface HeadsProps extends ShownColumns {
  readonly sort?: readonly string[];
  readonly head?: (column: string, label: string) => ReactNode;
  readonly onWidths?: (widths: ColumnWidths) => void;
  readonly widths: readonly number[];
  readonly chosen: ColumnWidths;
  readonly onDrag: (widths: ColumnWidths | undefined) => void;
}

/** The headers of the columns. */
export const Heads = memo(function Heads(props: HeadsProps) {
  const { sort, head, widths, chosen, onDrag, onWidths, ...shown } = props;
  const { page, columns, across } = shown;
  return across.map((slot) => {
    const name = columns[slot.index];
    if (name === undefined || slot.gap) return <td key={keyOf(slot)} aria-hidden="true" />;
    const label = labelFor(page, name);
    return (
      <Table.Th
        key={name}
        scope="col"
        aria-sort={sorted(sort, name)}
        ta={alignOf(page, name)}
        {...placeOf(shown, slot)}
      >
        {head?.(name, label) ?? label}
        {onWidths && (
          <ColumnEdge
            name={name}
            label={label}
            width={widths[slot.index] ?? LEAST_WIDTH}
            widths={chosen}
            onDrag={onDrag}
            onChange={onWidths}
          />
        )}
      </Table.Th>
    );
  });
});

function sorted(sort: readonly string[] | undefined, name: string) {
  if (sort?.includes(name)) return "ascending" as const;
  return sort?.includes(`-${name}`) ? ("descending" as const) : undefined;
}
