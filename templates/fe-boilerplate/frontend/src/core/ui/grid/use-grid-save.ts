import { useRef } from "react";
import { tableHooks } from "../../api/hooks";
import { ProblemError } from "../../api/problem";
import type { AnyRow } from "../../api/table";
import { t } from "../../language/messages";
import type { AnyPage } from "../page";
import { notifySuccess } from "../removal";
import { checkGrid, rejectedCells } from "./grid-rows";
import type { Grid } from "./use-grid";

/** Save the changed rows by one request and the new ones by another, each all or none. */
export function useGridSave(
  page: AnyPage,
  grid: Grid,
  onProblem: (problem: Error | undefined) => void,
  onSaved: () => void,
) {
  const hooks = tableHooks(page.table);
  const create = hooks.useCreateMany();
  const update = hooks.useUpdateMany();
  const isSaved = useRef(false);

  const save = async () => {
    const { added, changed, messages } = checkGrid(page, grid.child, grid.columns, grid.rows);
    const invalid = Object.keys(messages).length;
    grid.showMessages(messages);
    onProblem(invalid > 0 ? new Error(invalidText(invalid)) : undefined);
    if (invalid > 0) return;
    let sent: Parameters<typeof rejectedCells>[3] = changed;
    try {
      if (changed.length > 0) {
        const changes = changed.map(({ base, values }) => ({
          key: page.table.keyOf(base),
          changes: values,
        }));
        const rows = await update.mutateAsync(changes);
        grid.setStored(new Map(changed.flatMap(({ row }, at) => storedAs(row.id, rows[at]))));
      }
      sent = added;
      if (added.length > 0) await create.mutateAsync(added.map(({ values }) => values));
      isSaved.current = true;
      notifySuccess(savedText(added.length, changed.length));
      onSaved();
    } catch (error) {
      const isAtCells = error instanceof ProblemError && error.byRow().size > 0;
      if (isAtCells) grid.showMessages(rejectedCells(page, error, grid.columns, sent));
      const problem = error instanceof Error ? error : new Error(String(error));
      const isPartial = sent === added && changed.length > 0;
      onProblem(isAtCells ? new Error(rejectedText(isPartial)) : problem);
    }
  };
  return { save, isSaving: create.isPending || update.isPending, isSaved };
}

function storedAs(id: string, row: AnyRow | undefined): [string, AnyRow][] {
  return row ? [[id, row]] : [];
}

function invalidText(count: number): string {
  return t("grid.invalid", { count });
}

function rejectedText(isPartial: boolean): string {
  return t(isPartial ? "grid.partial" : "grid.rejected");
}

function savedText(added: number, changed: number): string {
  const parts = [
    added > 0 ? t("grid.savedAdded", { count: added }) : "",
    changed > 0 ? t("change.done", { count: changed }) : "",
  ];
  return parts.filter(Boolean).join(", ");
}
