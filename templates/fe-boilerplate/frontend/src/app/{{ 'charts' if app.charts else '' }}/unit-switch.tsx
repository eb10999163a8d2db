import { SegmentedControl } from "@mantine/core";
import type { Unit } from "../../core/api/groups";
import { t } from "../../core/language/messages";
import { formatCount } from "../../core/ui/formats";

/** How many periods a chart shows, by the unit. */
export const PERIODS: Readonly<Record<Unit, number>> = { day: 14, week: 12, month: 12 };
export const DEFAULT_UNIT: Unit = "month";

const LABELS = { day: "charts.days", week: "charts.weeks", month: "charts.months" } as const;

interface Props {
  readonly unit: Unit;
  readonly onChange: (unit: Unit) => void;
  /** The title of the chart. */
  readonly title: string;
}

/** Chooses the periods of a chart. */
export function UnitSwitch({ unit, onChange, title }: Props) {
  return (
    <SegmentedControl
      size="xs"
      mb="xs"
      fullWidth
      aria-label={t("charts.period", { title })}
      value={unit}
      onChange={(value) => onChange(value as Unit)}
      data={Object.entries(LABELS).map(([value, key]) => ({
        value,
        label: t(key, { count: formatCount(PERIODS[value as Unit]) }),
      }))}
    />
  );
}
