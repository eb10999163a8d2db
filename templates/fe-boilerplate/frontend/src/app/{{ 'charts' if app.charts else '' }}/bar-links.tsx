import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { t } from "../../core/language/messages";
import styles from "./bar-chart.module.css";
import type { Bar } from "./bars";

export interface PlotProps {
  readonly bars: readonly Bar[];
  readonly table: string;
  readonly title: string;
  readonly width: number;
}

interface Props extends PlotProps {
  readonly height: number;
  /** What is drawn below the bars. */
  readonly children?: ReactNode;
  readonly draw: (bar: Bar, index: number) => ReactNode;
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowUp: -1,
  ArrowRight: 1,
  ArrowDown: 1,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** The bars of a chart. Each leads to the list of its rows; Tab reaches one of them, the arrow keys the others. */
export function BarLinks({ bars, table, title, width, height, children, draw }: Props) {
  const svg = useRef<SVGSVGElement>(null);
  const linked = bars.filter(isLinked);
  const [chosen, setChosen] = useState(linked.length - 1);
  const current = Math.min(chosen, linked.length - 1);
  const move = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(Math.max(current + step, 0), linked.length - 1);
    setChosen(next);
    svg.current?.querySelectorAll<SVGAElement>("a")[next]?.focus();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a drawing has no fieldset
    <svg
      ref={svg}
      className={styles.chart}
      width={width}
      height={height}
      role="group"
      aria-label={t("charts.chart", { title })}
      onKeyDown={move}
    >
      {children}
      {bars.map((bar, index) => {
        const place = linked.indexOf(bar);
        if (!isLinked(bar)) return <g key={bar.label}>{draw(bar, index)}</g>;
        return (
          <Link
            key={bar.label}
            className={styles.link}
            to="/$table"
            params={{ table }}
            search={bar.filters}
            aria-label={`${bar.label}: ${bar.rows}`}
            tabIndex={place === current ? 0 : -1}
            onFocus={() => setChosen(place)}
          >
            <title>{`${bar.label}: ${bar.rows}`}</title>
            {draw(bar, index)}
          </Link>
        );
      })}
    </svg>
  );
}

/** Whether a bar has rows, and filters that select them. */
function isLinked(bar: Bar): boolean {
  return bar.filters !== undefined && bar.count > 0;
}
