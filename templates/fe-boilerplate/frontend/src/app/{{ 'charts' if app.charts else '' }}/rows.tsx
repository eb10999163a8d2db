import { scaleLinear } from "@visx/scale";
import { Bar as Rectangle } from "@visx/shape";
import { formatCount } from "../../core/ui/formats";
import styles from "./bar-chart.module.css";
import { BarLinks, type PlotProps } from "./bar-links";

const HEIGHT = 208; // in pixels, as all of these
const LEAST_LINE = 26; // the height of a row
const MOST_LINE = 34;
const THICKNESS = 16;
const GAP = 8;
const LETTER = 6.6; // the width of a character, approximately

/** Horizontal bars, each with its label before and its number after it. */
export function Rows(props: PlotProps) {
  const { bars, width } = props;
  const line = Math.min(Math.max(HEIGHT / bars.length, LEAST_LINE), MOST_LINE);
  const counts = bars.map(({ count }) => formatCount(count));
  const labelWidth = Math.min(widthOf(bars.map(({ tick }) => tick)), width * 0.42);
  const length = scaleLinear({
    domain: [0, Math.max(...bars.map(({ count }) => count))],
    range: [0, Math.max(width - labelWidth - widthOf(counts) - 2 * GAP, 0)],
  });
  return (
    <BarLinks
      {...props}
      height={bars.length * line}
      draw={({ tick, count }, index) => {
        const middle = (index + 0.5) * line;
        const begin = labelWidth + GAP;
        return (
          <>
            <rect className={styles.area} y={index * line} width={width} height={line} rx={4} />
            <text x={labelWidth} y={middle} dy="0.35em" textAnchor="end" aria-hidden>
              {shortened(tick, labelWidth)}
            </text>
            <Rectangle
              className={styles.bar}
              x={begin}
              y={middle - THICKNESS / 2}
              width={Math.max(length(count), 1)}
              height={THICKNESS}
              rx={3}
            />
            <text x={begin + length(count) + GAP} y={middle} dy="0.35em" aria-hidden>
              {counts[index]}
            </text>
          </>
        );
      }}
    />
  );
}

function widthOf(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => text.length)) * LETTER;
}

/** Return a text that fits in a width, with dots in place of its end. */
function shortened(text: string, width: number): string {
  const most = Math.floor(width / LETTER);
  return text.length <= most ? text : `${text.slice(0, Math.max(most - 1, 1))}…`;
}
