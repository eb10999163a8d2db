import { useRef } from "react";
import { tableHooks } from "../../api/hooks";
import { ProblemError } from "../../api/problem";
import { t } from "../../language/messages";
import type { AnyPage } from "../page";
import { notifySuccess } from "../removal";
import { type CheckedGrid, checkGrid, rejectedCells } from "./grid-rows";
import type { Grid } from "./use-grid";

/** Save the new and the changed rows by one request, all or none. */
export function useGridSave(
  page: AnyPage,
  grid: Grid,
  onProblem: (problem: Error | undefined) => void,
  onSaved: () => void,
) {
  const hooks = tableHooks(page.table);
  const create = hooks.useCreateMany();
  const edit = hooks.useSaveMany();
  const isSaved = useRef(false);

  const send = async ({ added, changed }: CheckedGrid) => {
    const bodies = added.map(({ values }) => values);
    const changes = changed.map(({ base, values }) => ({
      key: page.table.keyOf(base),
      changes: values,
    }));
    // Tables whose rows cannot be changed have no request for both
    if (changes.length === 0) await create.mutateAsync(bodies);
    else await edit.mutateAsync({ added: bodies, changes });
  };

  const save = async () => {
    const checked = checkGrid(page, grid.child, grid.columns, grid.rows);
    const { added, changed, messages } = checked;
    const invalid = Object.keys(messages).length;
    grid.showMessages(messages);
    onProblem(invalid > 0 ? new Error(t("grid.invalid", { count: invalid })) : undefined);
    if (invalid > 0) return;
    try {
      await send(checked);
      isSaved.current = true;
      notifySuccess(savedText(added.length, changed.length));
      onSaved();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const rejected = error instanceof ProblemError ? rejectedAt(error, checked) : {};
      const isAtCells = Object.keys(rejected).length > 0;
      if (isAtCells) grid.showMessages(rejected);
      onProblem(isAtCells ? new Error(t("grid.rejected")) : error);
    }
  };

  const rejectedAt = (problem: ProblemError, { added, changed }: CheckedGrid) =>
    changed.length === 0
      ? rejectedCells(page, problem, grid.columns, added)
      : {
          ...rejectedCells(page, problem.within("update"), grid.columns, changed),
          ...rejectedCells(page, problem.within("create"), grid.columns, added),
        };
  return { save, isSaving: create.isPending || edit.isPending, isSaved };
}

function savedText(added: number, changed: number): string {
  const parts = [
    added > 0 ? t("grid.savedAdded", { count: added }) : "",
    changed > 0 ? t("change.done", { count: changed }) : "",
  ];
  return parts.filter(Boolean).join(", ");
}
