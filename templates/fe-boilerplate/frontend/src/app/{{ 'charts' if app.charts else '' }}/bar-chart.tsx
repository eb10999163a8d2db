import { useElementSize } from "@mantine/hooks";
import type { Bar } from "./bars";
import { Columns } from "./columns";
import { Rows } from "./rows";

interface Props {
  readonly bars: readonly Bar[];
  readonly table: string;
  readonly title: string;
  readonly isTimed: boolean;
}

const FALLBACK_WIDTH = 320;

/** A chart as wide as its card: periods as columns along an axis of time, values as rows beside their labels. */
export default function BarChart({ isTimed, ...props }: Props) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const Plot = isTimed ? Columns : Rows;
  return (
    <div ref={ref}>
      <Plot {...props} width={width || FALLBACK_WIDTH} />
    </div>
  );
}
