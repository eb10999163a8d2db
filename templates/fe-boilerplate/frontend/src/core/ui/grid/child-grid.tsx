import { Button, Group, Stack, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { AnyRow, Referrer } from "../../api/table";
import { t } from "../../language/messages";
import { lowerFirst } from "../formats";
import { findLinked } from "../linked-options";
import { findNarrowing, type Narrowing } from "../narrowing";
import type { AnyPage, FieldInfo } from "../page";
import { findOptions } from "../reference-options";
import { notifyFailure } from "../removal";
import classes from "../row-form.module.css";
import type { Labels } from "../row-labels";
import { NarrowSwitch } from "../several-form";
import { errorText, ProblemAlert } from "../states";
import { UnsavedGuard } from "../unsaved-guard";
import { isChanged } from "./grid-rows";
import { GridTable } from "./grid-table";
import { type Grid, useGrid } from "./use-grid";
import { useGridSave } from "./use-grid-save";

interface Props {
  readonly page: AnyPage;
  readonly referrer: Referrer;
  /** The row to which the rows of the grid refer. */
  readonly row: AnyRow;
  readonly items: readonly AnyRow[];
  readonly labels: Labels;
  readonly onClose: () => void;
}

/** The children of a row in an editable grid, in which new ones are added. All is saved at once. */
export default function ChildGrid(props: Props) {
  const { page, onClose } = props;
  const grid = useGrid(props);
  const narrowings = useNarrowings(props, grid.columns);
  const [isNarrowed, setNarrowed] = useState(true);
  const [problem, setProblem] = useState<Error>();
  const { save, isSaving, isSaved } = useGridSave(page, grid, setProblem, onClose);
  const whereOf = (field: FieldInfo) => (isNarrowed && narrowings.get(field)?.where) || NOTHING;
  const [narrowed] = [...narrowings];
  const changes = grid.rows.filter(isChanged).length;
  const isNew = grid.active && !grid.rows[grid.active.row]?.base;
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Group gap="sm">
          {narrowed && grid.canAdd && <Fill {...props} grid={grid} narrowed={narrowed} />}
          {narrowed && (
            <NarrowSwitch narrowing={narrowed[1]} checked={isNarrowed} onChange={setNarrowed} />
          )}
        </Group>
        <Group gap="xs">
          <Button
            size="xs"
            variant="subtle"
            title={t("grid.copyHint")}
            disabled={!grid.active}
            onClick={grid.copyDown}
          >
            {t("grid.copy")}
          </Button>
          <Button size="xs" variant="subtle" disabled={!isNew} onClick={grid.removeRow}>
            {t("grid.remove")}
          </Button>
        </Group>
      </Group>
      <GridTable
        label={t("grid.label", { nouns: lowerFirst(page.nav.label) })}
        columns={grid.columns}
        rows={grid.rows}
        messages={grid.messages}
        active={grid.active}
        onActive={grid.setActive}
        onChange={grid.onChange}
        onPick={grid.onPick}
        onPaste={(place, cells) => void grid.paste(place, cells, whereOf)}
        onCopyDown={grid.copyDown}
        labelOf={grid.labelFor}
        whereOf={whereOf}
        table={grid.table}
      />
      <Stack gap="sm" className={classes.actions}>
        {problem && <Rejected problem={problem} />}
        <Group justify="space-between">
          <Text size="sm" c="dimmed" role="status">
            {t("grid.changed", { count: changes })}
          </Text>
          <Group gap="sm">
            <Button variant="default" onClick={() => discard(changes, onClose)} disabled={isSaving}>
              {t(changes === 0 ? "close" : "grid.discard")}
            </Button>
            <Button onClick={save} loading={isSaving} disabled={changes === 0}>
              {t("grid.save", { count: changes })}
            </Button>
          </Group>
        </Group>
      </Stack>
      <UnsavedGuard isUnsaved={() => changes > 0 && !isSaved.current} />
    </Stack>
  );
}

/** Close the grid; changes are discarded only if that is confirmed. */
function discard(changes: number, onClose: () => void): void {
  if (changes === 0) {
    onClose();
    return;
  }
  modals.openConfirmModal({
    title: t("grid.discardTitle", { count: changes }),
    children: <Text size="sm">{t("grid.discardQuestion")}</Text>,
    labels: { confirm: t("grid.discard"), cancel: t("grid.keep") },
    confirmProps: { color: "red.8" },
    closeButtonProps: { "aria-label": t("close") },
    onConfirm: onClose,
  });
}

const NOTHING: Readonly<Record<string, string>> = {};

/** The columns whose options can be narrowed to what the parent is linked with. */
function useNarrowings({ page, referrer, row }: Props, columns: readonly FieldInfo[]) {
  const { data } = useQuery({
    queryKey: ["tables", page.table.name, "narrowings", referrer, page.table.keyOf(row), row],
    queryFn: async ({ signal }) => {
      const found = await Promise.all(
        columns.map(async (field) => {
          const narrowing =
            field.reference &&
            (await findNarrowing(page.table, referrer, field.reference, row, signal));
          return narrowing ? ([[field, narrowing]] as const) : [];
        }),
      );
      return new Map(found.flat());
    },
  });
  return data ?? NONE;
}

const NONE: ReadonlyMap<FieldInfo, Narrowing> = new Map();

interface FillProps extends Props {
  readonly grid: Grid;
  readonly narrowed: readonly [FieldInfo, Narrowing];
}

/** Adds a row for everything that the parent is linked with, such as each pupil of a class. */
function Fill({ page, referrer, row, grid, narrowed: [field, narrowing] }: FillProps) {
  const [isLoading, setLoading] = useState(false);
  const fill = async () => {
    if (!field.reference) return;
    const { signal } = new AbortController();
    setLoading(true);
    try {
      const options = await findOptions(field.reference, "", narrowing.where, signal);
      const linked = await findLinked(page, referrer, field.reference, row, options, signal);
      grid.addOptions(
        field,
        options.filter(({ value }) => !linked.has(value)),
      );
    } catch (error) {
      notifyFailure(t("several.nothing"), errorText(error as Error));
    } finally {
      setLoading(false);
    }
  };
  return (
    <Button size="xs" variant="default" loading={isLoading} onClick={fill}>
      {t("grid.fill", { count: narrowing.count, nouns: lowerFirst(narrowing.by) })}
    </Button>
  );
}

/** Shows that something was not saved; messages about cells are shown at these. */
function Rejected({ problem }: { problem: Error }) {
  return (
    <ProblemAlert title={t("save.failed")}>
      <Text size="sm">{errorText(problem)}</Text>
    </ProblemAlert>
  );
}
