import type { Consequence, Consequences } from "../api/table";
import { formatCount, lowerFirst } from "./formats";
import { navOf } from "./registry";

interface Texts {
  /** What prevents the deletion. */
  readonly refusals: readonly string[];
  /** What happens to other rows. */
  readonly effects: readonly string[];
}

/** Return the consequences of a deletion as sentences. */
export function consequenceTexts(consequences: Consequences | undefined): Texts {
  const { effects = [], isComplete = true } = consequences ?? {};
  const write = (effect: Consequence) => sentence(effect, isComplete);
  const isRefusal = ({ effect }: Consequence) => effect === "refuse";
  return {
    refusals: effects.filter(isRefusal).map(write),
    effects: effects.filter((effect) => !isRefusal(effect)).map(write),
  };
}

function sentence({ table, effect, fields, rows }: Consequence, isComplete: boolean): string {
  const number = `${isComplete ? "" : "at least "}${formatCount(rows)} ${nounOf(table, rows)}`;
  const names = fields.map((field) => field.replace(/_id$/, "").replaceAll("_", " ")).join(" and ");
  switch (effect) {
    case "delete":
      return `${upperFirst(number)} will be deleted too`;
    case "set_null":
      return `In ${number}, ${names} will be empty`;
    case "set_default":
      return `In ${number}, ${names} will get its default`;
    case "refuse":
      return `${upperFirst(number)} (${names})`;
  }
}

function nounOf(table: string, rows: number): string {
  const nav = navOf(table);
  if (!nav) return `${rows === 1 ? "row" : "rows"} of ${table}`;
  return lowerFirst(rows === 1 ? nav.labelSingular : nav.label);
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
