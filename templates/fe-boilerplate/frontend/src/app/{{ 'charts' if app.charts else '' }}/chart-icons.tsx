import { Icon } from "../icons";

export const ChartIcon = () => (
  <Icon>
    <path d="M3 3v14h14M7 14v-4M11 14V6M15 14v-6" />
  </Icon>
);

export const TableIcon = () => (
  <Icon>
    <path d="M3 4h14v12H3zM3 8h14M3 12h14M8 8v8" />
  </Icon>
);
