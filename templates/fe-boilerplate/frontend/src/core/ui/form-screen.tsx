import { Button, Stack, Title } from "@mantine/core";
import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { tableHooks } from "../api/hooks";
import type { AnyRow, Versioned } from "../api/table";
import { t } from "../language/messages";
import { lowerFirst } from "./formats";
import { BackIcon } from "./icons";
import { keyText } from "./keys";
import { lastPlace } from "./list-memory";
import type { AnyPage } from "./page";
import { RowForm } from "./row-form";
import { Failed, isMissing, LoadingRow, MissingRow } from "./states";
import { useRowTitle } from "./use-labels";

interface Props {
  readonly page: AnyPage;
  /** The key of the row to edit; undefined for a new row. */
  readonly rowKey?: readonly string[];
}

/** The page with the form for a new or an existing row. */
export function FormScreen({ page, rowKey }: Props) {
  return rowKey ? <EditScreen page={page} rowKey={rowKey} /> : <NewScreen page={page} />;
}

function NewScreen({ page }: { page: AnyPage }) {
  const presets = useSearch({ strict: false }) as Readonly<Record<string, unknown>>;
  const [formKey, setFormKey] = useState(0);
  return (
    <Stack gap="lg" maw={960}>
      <BackLink page={page} />
      <Title order={1} size="h2">
        {t("form.new", { noun: lowerFirst(page.nav.labelSingular) })}
      </Title>
      <RowForm
        key={formKey}
        page={page}
        presets={presets}
        onAnother={() => setFormKey((last) => last + 1)}
      />
    </Stack>
  );
}

function EditScreen({ page, rowKey }: Required<Props>) {
  const found = tableHooks(page.table).useRow(rowKey);
  if (isMissing(found.error)) {
    return (
      <MissingRow noun={page.nav.labelSingular}>
        <BackLink page={page} />
      </MissingRow>
    );
  }
  if (found.error && !found.data) {
    return <Failed error={found.error} onRetry={() => found.refetch()} />;
  }
  if (!found.data) return <LoadingRow reason={found.failureReason} />;
  const reload = async () => (await found.refetch({ throwOnError: true })).data;
  return <Edit page={page} found={found.data} onReload={reload} />;
}

interface EditProps {
  readonly page: AnyPage;
  readonly found: Versioned<AnyRow>;
  readonly onReload: () => Promise<Versioned<AnyRow> | undefined>;
}

/** Edits the version that was loaded first: background refetches do not change the form. */
function Edit({ page, found, onReload }: EditProps) {
  const [base, setBase] = useState(found);
  const [formKey, setFormKey] = useState(0);
  const title = t("form.edit", { title: useRowTitle(page.table, base.row) ?? "…" });
  const reload = async () => {
    const current = await onReload();
    if (!current) return;
    setBase(current);
    setFormKey((last) => last + 1);
  };
  return (
    <Stack gap="lg" maw={960}>
      <BackLink page={page} row={base.row} />
      {/* One line, however long: a label that is loaded late must not move the form under the pointer. */}
      <Title order={1} size="h2" lineClamp={1} style={{ overflowWrap: "anywhere" }} title={title}>
        {title}
      </Title>
      <RowForm
        key={formKey}
        page={page}
        base={base}
        onReload={reload}
        currentEtag={async () => (await onReload())?.etag}
      />
    </Stack>
  );
}

function BackLink({ page, row }: { page: AnyPage; row?: AnyRow }) {
  const table = page.nav.name;
  return (
    <Button
      variant="subtle"
      size="compact-sm"
      leftSection={<BackIcon size={16} />}
      style={{ alignSelf: "flex-start" }}
      renderRoot={(props) =>
        row ? (
          <Link
            {...props}
            to="/$table/$key"
            params={{ table, key: keyText(page.table.keyOf(row)) }}
          />
        ) : (
          <Link {...props} to="/$table" params={{ table }} search={lastPlace(table)} />
        )
      }
    >
      {row ? t("form.back") : page.nav.label}
    </Button>
  );
}
