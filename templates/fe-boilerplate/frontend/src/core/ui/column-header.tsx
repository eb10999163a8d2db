import { UnstyledButton } from "@mantine/core";
import { ColumnFilter } from "./column-filter";
import classes from "./data-table.module.css";
import { DownIcon, UpDownIcon, UpIcon } from "./icons";
import { canSort, type ListState } from "./list-state";
import type { AnyPage } from "./page";

interface Props {
  readonly page: AnyPage;
  readonly name: string;
  readonly label: string;
  /** What the list is sorted by: the field, or the parts of the label of the row that it refers to. */
  readonly paths: readonly string[];
  readonly state: ListState;
  readonly onChange: (change: Partial<ListState>) => void;
}

/** The header of a column. A click cycles through ascending, descending and no order. */
export function ColumnHeader({ page, name, label, paths, state, onChange }: Props) {
  const field = page.byName.get(name);
  const descending = paths.map((path) => `-${path}`);
  const isAscending = paths.every((path) => state.sort.includes(path));
  const isDescending = descending.every((path) => state.sort.includes(path));
  const next = isAscending ? descending : isDescending ? [] : paths;
  return (
    <span className={classes.head}>
      {field && canSort(page, name) ? (
        <UnstyledButton className={classes.sort} fz="sm" onClick={() => onChange({ sort: next })}>
          {label}
          <SortIcon isAscending={isAscending} isDescending={isDescending} />
        </UnstyledButton>
      ) : (
        label
      )}
      {field && (
        <ColumnFilter
          page={page}
          field={field}
          filters={state.filters}
          onChange={(filters) => onChange({ filters })}
        />
      )}
    </span>
  );
}

function SortIcon({ isAscending, isDescending }: Record<"isAscending" | "isDescending", boolean>) {
  if (isAscending) return <UpIcon size={14} />;
  return isDescending ? <DownIcon size={14} /> : <UpDownIcon size={14} />;
}
