import { Button, Group, SimpleGrid, Stack, Tabs, Text, Title } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { tableHooks } from "../api/hooks";
import { isAllowed, sessionState } from "../api/session-state";
import type { AnyRow, Referrer, Versioned } from "../api/table";
import { t } from "../language/messages";
import classes from "./detail-screen.module.css";
import { FieldValue } from "./field-value";
import { lowerFirst } from "./formats";
import { History } from "./history";
import { BackIcon, PencilIcon, TrashIcon } from "./icons";
import { keyText } from "./keys";
import { lastPlace } from "./list-memory";
import type { AnyPage, FieldInfo } from "./page";
import { navOf } from "./registry";
import { RelatedRows } from "./related-rows";
import { confirmDeletion } from "./removal";
import { RETURNS } from "./returning";
import { Failed, isMissing, LoadingRow, MissingRow } from "./states";
import { useDeletion } from "./use-deletion";
import { useRowLabels, useRowTitle } from "./use-labels";
import { fieldLabel, type Pages, usePages } from "./use-pages";

interface Props {
  readonly page: AnyPage;
  readonly rowKey: readonly string[];
}

/** The page of one row: its fields, and the rows of other tables that refer to it. */
export function DetailScreen({ page, rowKey }: Props) {
  const found = tableHooks(page.table).useRow(rowKey);
  const { labelSingular } = page.nav;
  if (isMissing(found.error)) {
    return (
      <MissingRow noun={labelSingular}>
        <BackToList page={page} />
      </MissingRow>
    );
  }
  if (found.error && !found.data) {
    return <Failed error={found.error} onRetry={() => found.refetch()} />;
  }
  if (!found.data) return <LoadingRow reason={found.failureReason} />;
  return <Row page={page} found={found.data} />;
}

function Row({ page, found }: { page: AnyPage; found: Versioned<AnyRow> }) {
  const { row } = found;
  const title = useRowTitle(page.table, row);
  const references = useMemo(() => page.fields.flatMap((field) => field.leadsTo ?? []), [page]);
  const labels = useRowLabels(references, row);
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <BackToList page={page} />
        <Actions page={page} found={found} title={title ?? ""} />
      </Group>
      <div>
        <Text c="dimmed" size="sm">
          {page.nav.labelSingular}
        </Text>
        <Title order={1} size="h2" style={{ overflowWrap: "anywhere" }}>
          {title ?? "…"}
        </Title>
      </div>
      <SimpleGrid component="dl" cols={{ base: 1, sm: 2, lg: 3 }} className={classes.fields}>
        {page.fields
          .filter(({ isSecret }) => !isSecret)
          .map((field) => (
            <Entry key={field.name} field={field}>
              <FieldValue field={field} row={row} labels={labels} full />
            </Entry>
          ))}
      </SimpleGrid>
      <Related page={page} row={row} />
    </Stack>
  );
}

function BackToList({ page }: { page: AnyPage }) {
  return (
    <Button
      variant="subtle"
      size="compact-sm"
      leftSection={<BackIcon size={16} />}
      renderRoot={(props) => (
        <Link
          {...props}
          to="/$table"
          params={{ table: page.nav.name }}
          search={lastPlace(page.nav.name)}
        />
      )}
    >
      {page.nav.label}
    </Button>
  );
}

function Entry({ field, children }: { field: FieldInfo; children: ReactNode }) {
  const isWide = field.long || field.kind === "json";
  return (
    <div className={isWide ? classes.wide : undefined}>
      <Text component="dt" size="sm" c="dimmed" title={field.help}>
        {field.label}
      </Text>
      <dd className={classes.value}>{children}</dd>
    </div>
  );
}

interface ActionsProps {
  readonly page: AnyPage;
  readonly found: Versioned<AnyRow>;
  readonly title: string;
}

function Actions({ page, found, title }: ActionsProps) {
  const navigate = useNavigate();
  const deletion = useDeletion(page);
  if (!page.table.writable) return null;
  const key = page.table.keyOf(found.row);
  const noun = lowerFirst(page.nav.labelSingular);
  const leave = () =>
    void navigate({
      to: "/$table",
      params: { table: page.nav.name },
      search: lastPlace(page.nav.name),
    });
  return (
    <Group gap="sm">
      {page.table.changeable && (
        <Button
          leftSection={<PencilIcon />}
          renderRoot={(props) => (
            <Link
              {...props}
              to="/$table/$key/edit"
              params={{ table: page.nav.name, key: keyText(key) }}
              state={RETURNS}
            />
          )}
        >
          {t("edit")}
        </Button>
      )}
      {page.table.removable && (
        <Button
          variant="default"
          leftSection={<TrashIcon />}
          loading={deletion.isPending}
          onClick={() =>
            confirmDeletion({
              page,
              keys: [key],
              title: t("detail.delete", { noun }),
              question: t("detail.question", { title }),
              onConfirm: (consequences) =>
                deletion.remove({ key, etag: found.etag, consequences, onDone: leave }),
            })
          }
        >
          {t("delete")}
        </Button>
      )}
    </Group>
  );
}

/** A tab for each reference of another table to this row, and its history. Their rows are loaded when they are opened. */
function Related({ page, row }: { page: AnyPage; row: AnyRow }) {
  const { tab } = useSearch({ strict: false }) as { tab?: string };
  const navigate = useNavigate();
  const referrers = page.table.referencedBy.filter(({ table }) => isShown(table));
  const hasHistory = sessionState.get().session?.has_history && page.table.key.length > 0;
  const names = [...referrers.map(tabName), ...(hasHistory ? [HISTORY] : [])];
  const pages = usePages(
    referrers.filter((one) => !isOnly(one, referrers)).map(({ table }) => table),
  );
  const chosen = names.find((name) => name === tab) ?? names[0];
  if (!chosen) return null;
  const key = keyText(page.table.keyOf(row));
  const open = (name: string | null) =>
    navigate({
      to: "/$table/$key",
      params: { table: page.nav.name, key },
      search: { tab: name ?? "" },
      replace: true,
      resetScroll: false,
    });
  return (
    <Tabs value={chosen} onChange={open} keepMounted={false}>
      <Tabs.List aria-label={t("detail.referrers", { noun: lowerFirst(page.nav.labelSingular) })}>
        {referrers.map((referrer) => (
          <Tabs.Tab key={tabName(referrer)} value={tabName(referrer)}>
            {tabLabel(referrer, referrers, pages)}
          </Tabs.Tab>
        ))}
        {hasHistory && <Tabs.Tab value={HISTORY}>{t("history.tab")}</Tabs.Tab>}
      </Tabs.List>
      {referrers.map((referrer) => (
        <Tabs.Panel key={tabName(referrer)} value={tabName(referrer)} pt="md">
          <RelatedRows referrer={referrer} row={row} isOpened={tab === chosen} />
        </Tabs.Panel>
      ))}
      {hasHistory && (
        <Tabs.Panel value={HISTORY} pt="md">
          <History page={page} row={row} />
        </Tabs.Panel>
      )}
    </Tabs>
  );
}

const HISTORY = "history"; // no table and reference have such a name: that of theirs contains a point

function isShown(table: string): boolean {
  const nav = navOf(table);
  return nav !== undefined && isAllowed("read", nav.path);
}

function tabName({ table, reference }: Referrer): string {
  return `${table}.${reference}`;
}

/** Return the label of a tab. It includes the field if a table has several references to this one. */
function tabLabel(referrer: Referrer, all: readonly Referrer[], pages: Pages): string {
  const { table, fields } = referrer;
  const label = navOf(table)?.label ?? table;
  const names = fields.map((field) => lowerFirst(fieldLabel(pages, table, field)));
  return isOnly(referrer, all) ? label : `${label} (${names.join(" ")})`;
}

function isOnly({ table }: Referrer, all: readonly Referrer[]): boolean {
  return all.filter((other) => other.table === table).length === 1;
}
