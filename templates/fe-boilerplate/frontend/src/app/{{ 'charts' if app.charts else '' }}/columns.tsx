import { AxisBottom, AxisLeft } from "@visx/axis";
import { scaleBand, scaleLinear } from "@visx/scale";
import { Bar as Rectangle } from "@visx/shape";
import { formatCount } from "../../core/ui/formats";
import styles from "./bar-chart.module.css";
import { BarLinks, type PlotProps } from "./bar-links";

const HEIGHT = 160; // in pixels, as all of these
const TOP = 8;
const BOTTOM = 24;
const LETTER = 6.6; // the width of a character, approximately
const TICKS = 4;

/** Columns along an axis of time. */
export function Columns(props: PlotProps) {
  const { bars, width } = props;
  const most = Math.max(...bars.map(({ count }) => count));
  const y = scaleLinear({
    domain: [0, most],
    range: [HEIGHT - BOTTOM, TOP],
    nice: TICKS,
  });
  const numbers = y.ticks(TICKS).filter(Number.isInteger);
  const left = Math.max(...numbers.map((number) => formatCount(number).length)) * LETTER + 10;
  const x = scaleBand({
    domain: bars.map((_, index) => index),
    range: [left, width],
    paddingInner: 0.25,
    paddingOuter: 0.1,
  });
  const longest = Math.max(...bars.map(({ tick }) => tick.length)) * LETTER + 8;
  const every = Math.ceil(longest / x.step());
  const last = bars.length - 1;
  return (
    <BarLinks
      {...props}
      height={HEIGHT}
      draw={({ count }, index) => {
        const begin = x(index) ?? 0;
        return (
          <>
            <rect
              className={styles.area}
              x={begin - (x.step() - x.bandwidth()) / 2}
              y={TOP}
              width={x.step()}
              height={HEIGHT - TOP - BOTTOM}
            />
            <Rectangle
              className={styles.bar}
              x={begin}
              y={y(count)}
              width={x.bandwidth()}
              height={HEIGHT - BOTTOM - y(count)}
              rx={2}
            />
          </>
        );
      }}
    >
      <g className={styles.axis} aria-hidden>
        {numbers.map((number) => (
          <line
            key={number}
            className={styles.grid}
            x1={left}
            x2={width}
            y1={y(number)}
            y2={y(number)}
          />
        ))}
        <AxisLeft
          scale={y}
          left={left}
          tickValues={numbers}
          tickFormat={(number) => formatCount(Number(number))}
          hideAxisLine
          hideTicks
        />
        <AxisBottom
          scale={x}
          top={HEIGHT - BOTTOM}
          tickValues={bars.map((_, index) => index).filter((index) => (last - index) % every === 0)}
          tickFormat={(index) => bars[Number(index)]?.tick ?? ""}
          hideAxisLine
          hideTicks
        />
      </g>
    </BarLinks>
  );
}
