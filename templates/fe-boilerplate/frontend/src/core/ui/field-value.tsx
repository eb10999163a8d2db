import { Anchor, Badge, Code, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { writeJson } from "../api/json";
import type { AnyRow } from "../api/table";
import { t } from "../language/messages";
import classes from "./data-table.module.css";
import { labelOfChoice } from "./fields";
import { formatText, HIDDEN, NOTHING } from "./formats";
import { keyText } from "./keys";
import type { FieldInfo } from "./page";
import type { Labels } from "./row-labels";
import { labelOf, labelText } from "./use-labels";

interface Props {
  readonly field: FieldInfo;
  readonly row: AnyRow;
  readonly labels: Labels;
  /** Show the whole value, as on the page of a row; otherwise a single line. */
  readonly full?: boolean;
}

/** Shows a value by its type: a reference as a link to its row, a choice as a badge, a URL as a link. */
export function FieldValue({ field, row, labels, full = false }: Props): ReactNode {
  const value = row[field.name];
  if (field.render) return field.render(value, row);
  if (value === null || value === undefined || value === "") return <Nothing />;
  if (field.format === "secret")
    return (
      <span role="img" aria-label={t("hidden")}>
        {HIDDEN}
      </span>
    );
  if (field.leadsTo) return <ReferenceValue field={field} row={row} labels={labels} />;
  if (field.kind === "array") return <Items field={field} value={value} full={full} />;
  if (field.choices) return <Choice>{formatText(field, value)}</Choice>;
  if (full && field.kind === "json") return <Code block>{writeJson(value, 2)}</Code>;
  if (field.format === "email") return <Anchor href={`mailto:${value}`}>{String(value)}</Anchor>;
  if (field.format === "phone") return <Anchor href={`tel:${value}`}>{String(value)}</Anchor>;
  if (field.format === "url") return <ExternalLink value={String(value)} />;
  return <Plain full={full}>{formatText(field, value)}</Plain>;
}

function Nothing() {
  return (
    <Text span inherit c="dimmed" aria-label={t("empty")}>
      {NOTHING}
    </Text>
  );
}

function Plain({ full, children }: { full: boolean; children: string }) {
  if (!full) return children;
  return <span style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{children}</span>;
}

function Choice({ children }: { children: string }) {
  return (
    <Badge
      className={classes.choice}
      variant="default"
      radius="sm"
      tt="none"
      fw={500}
      fz={12}
      lts={0}
    >
      {children}
    </Badge>
  );
}

/** Links only http and https URLs: other schemes, such as `javascript:`, could run code. */
function ExternalLink({ value }: { value: string }) {
  if (!/^https?:\/\//i.test(value)) return value;
  return (
    <Anchor href={value} target="_blank" rel="noreferrer">
      {value}
    </Anchor>
  );
}

function Items({ field, value, full }: { field: FieldInfo; value: unknown; full: boolean }) {
  if (!Array.isArray(value) || value.length === 0) return <Nothing />;
  if (!full || value.some((item) => item === null || Array.isArray(item)))
    return formatText(field, value);
  const texts = value.map((item) =>
    field.choices ? labelOfChoice(field, String(item)) : String(item),
  );
  return (
    <Group gap={6}>
      {[...new Set(texts)].map((text) => (
        <Choice key={text}>{text}</Choice>
      ))}
    </Group>
  );
}

function ReferenceValue({ field, row, labels }: Omit<Props, "full">) {
  const { leadsTo: reference } = field;
  const key = String(row[field.name]);
  if (!reference) return key;
  const text = labelText(labels, reference, row, key);
  const target = labelOf(labels, reference, row)?.key;
  if (!target) return text;
  return (
    <Anchor
      inherit
      renderRoot={(props) => (
        <Link
          {...props}
          to="/$table/$key"
          params={{ table: reference.table, key: keyText(target) }}
        />
      )}
    >
      {text}
    </Anchor>
  );
}
