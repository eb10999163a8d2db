import type { Consequence, Consequences } from "../api/table";
import { t } from "../language/messages";
import { formatCount, formatList, lowerFirst } from "./formats";
import { navOf } from "./registry";
import { fieldLabel, type Pages } from "./use-pages";

interface Texts {
  /** What prevents the deletion. */
  readonly refusals: readonly string[];
  /** What happens to other rows. */
  readonly effects: readonly string[];
}

/** Return the consequences of a deletion as sentences. */
export function consequenceTexts(
  consequences: Consequences | undefined,
  pages: Pages = new Map(),
): Texts {
  const { effects = [], isComplete = true, isRestorable = false } = consequences ?? {};
  const write = (effect: Consequence) =>
    sentence(effect, isComplete ? "consequence.rows" : "consequence.atLeast", isRestorable, pages);
  const isRefusal = ({ effect }: Consequence) => effect === "refuse";
  return {
    refusals: effects.filter(isRefusal).map(write),
    effects: effects.filter((effect) => !isRefusal(effect)).map(write),
  };
}

function sentence(
  { table, effect, fields, rows }: Consequence,
  counted: "consequence.rows" | "consequence.atLeast",
  isRestorable: boolean,
  pages: Pages,
): string {
  const number = t(counted, { count: formatCount(rows), noun: nounOf(table, rows) });
  const names = formatList(fields.map((field) => lowerFirst(fieldLabel(pages, table, field))));
  switch (effect) {
    case "delete":
      return upperFirst(
        t(isRestorable ? "consequence.hide" : "consequence.delete", { rows: number }),
      );
    case "keep":
      return upperFirst(t("consequence.keep", { rows: number }));
    case "set_null":
      return t("consequence.setNull", { rows: number, fields: names });
    case "set_default":
      return t("consequence.setDefault", { rows: number, fields: names });
    case "refuse":
      return `${upperFirst(number)} (${names})`;
  }
}

function nounOf(table: string, rows: number): string {
  const nav = navOf(table);
  if (!nav) return t("consequence.rowsOf", { count: rows, table });
  return lowerFirst(rows === 1 ? nav.labelSingular : nav.label);
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
