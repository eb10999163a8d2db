/** What the bars of a chart say: pure functions over groups. */

import type { Group, Groups, Unit } from "../../core/api/groups";
import { formatLocale } from "../../core/language/language";
import { t } from "../../core/language/messages";
import { countedRows, formatText } from "../../core/ui/formats";
import type { FieldInfo, Nav } from "../../core/ui/page";

export interface Bar {
  readonly label: string;
  /** A shorter label for an axis. */
  readonly tick: string;
  readonly count: number;
  /** The number with its noun: `3 students`. */
  readonly rows: string;
  /** The filters of the list that shows these rows; undefined if no filters select them. */
  readonly filters: Readonly<Record<string, string>> | undefined;
}

type Named = Pick<Nav, "label" | "labelSingular">;

/** Return the bars of a field's groups, which are periods if there is a unit. */
export function barsOf(
  { items, others }: Groups,
  nav: Named,
  field: FieldInfo,
  unit?: Unit,
): readonly Bar[] {
  const bars = items.map((group) => {
    const label = unit ? periodLabel(String(group.value), unit) : valueLabel(group, field);
    const tick = unit ? TICKS[unit].format(dayOf(String(group.value))) : label;
    const { count, filters } = group;
    return { label, tick, count, rows: countedRows(nav, count), filters };
  });
  if (others === 0) return bars;
  const label = t("charts.others");
  const rest = { label, tick: label, count: others, rows: countedRows(nav, others) };
  return [...bars, { ...rest, filters: undefined }];
}

function valueLabel({ value, label }: Group, field: FieldInfo): string {
  return value === null ? t("empty") : (label ?? formatText(field, value));
}

// Days have no time zone: both they and their formats are those of UTC.
const format = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(formatLocale, { ...options, timeZone: "UTC" });
const DAY = format({ dateStyle: "medium" });
const MONTH = format({ month: "long", year: "numeric" });
const SHORT_MONTH = format({ month: "short", year: "numeric" });
const TICKS: Readonly<Record<Unit, Intl.DateTimeFormat>> = {
  day: format({ day: "numeric", month: "short" }),
  week: format({ day: "numeric", month: "short" }),
  month: format({ month: "short" }),
};

/** Return a period as text: `November 2026`, `Nov 23 – 29, 2026` or `Nov 30, 2026`. */
function periodLabel(value: string, unit: Unit): string {
  const begin = dayOf(value);
  if (unit === "day") return DAY.format(begin);
  if (unit === "month") return MONTH.format(begin);
  const end = new Date(begin);
  end.setUTCDate(end.getUTCDate() + 6);
  return DAY.formatRange(begin, end);
}

/** Return the time that periods cover, as text: `Dec 2025 – Nov 2026`. */
export function rangeOf({ items }: Groups, unit: Unit): string {
  const [first, last] = [items[0], items.at(-1)];
  if (!first || !last) return "";
  const end = dayOf(String(last.value));
  if (unit === "week") end.setUTCDate(end.getUTCDate() + 6);
  return (unit === "month" ? SHORT_MONTH : DAY).formatRange(dayOf(String(first.value)), end);
}

function dayOf(value: string): Date {
  return new Date(`${value}T00:00:00Z`);
}
