import type { Consequence, Consequences } from "../api/table";
import { t } from "../language/messages";
import { labelFor } from "./data-columns";
import { formatCount, formatList, lowerFirst } from "./formats";
import type { AnyPage } from "./page";
import { navOf } from "./registry";

type Pages = ReadonlyMap<string, AnyPage>;

interface Texts {
  /** What prevents the deletion. */
  readonly refusals: readonly string[];
  /** What happens to other rows. */
  readonly effects: readonly string[];
}

/** Return the consequences of a deletion as sentences; `pages` of the affected tables have the labels of fields. */
export function consequenceTexts(consequences: Consequences | undefined, pages: Pages): Texts {
  const { effects = [], isComplete = true } = consequences ?? {};
  const write = (effect: Consequence) => sentence(effect, isComplete, pages.get(effect.table));
  const isRefusal = ({ effect }: Consequence) => effect === "refuse";
  return {
    refusals: effects.filter(isRefusal).map(write),
    effects: effects.filter((effect) => !isRefusal(effect)).map(write),
  };
}

function sentence(
  { table, effect, fields, rows }: Consequence,
  isComplete: boolean,
  page: AnyPage | undefined,
): string {
  const counted = { count: formatCount(rows), noun: nounOf(table, rows) };
  const number = t(isComplete ? "consequence.rows" : "consequence.atLeast", counted);
  const names = formatList(fields.map((field) => lowerFirst(page ? labelFor(page, field) : plain(field))));
  switch (effect) {
    case "delete":
      return upperFirst(t("consequence.delete", { rows: number }));
    case "set_null":
      return t("consequence.setNull", { rows: number, fields: names });
    case "set_default":
      return t("consequence.setDefault", { rows: number, fields: names });
    case "refuse":
      return `${upperFirst(number)} (${names})`;
  }
}

/** Return a field in words, where the page with its label is not there. */
function plain(field: string): string {
  return field.replace(/_id$/, "").replaceAll("_", " ");
}

function nounOf(table: string, rows: number): string {
  const nav = navOf(table);
  if (!nav) return t("consequence.rowsOf", { count: rows, table });
  return lowerFirst(rows === 1 ? nav.labelSingular : nav.label);
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
