/** The total of a list, which the server counts up to a cap: how it is shown, and how many pages are known. */

import type { AnyRow, Page } from "../api/table";
import { formatCount } from "./formats";

type List = Pick<Page<AnyRow>, "items" | "total" | "precision" | "next">;

/** Return a total as text: `1,234`, `10,000+` or `≈ 2,000,000`. */
export function formatTotal({ total, precision }: List): string {
  const count = formatCount(total ?? 0);
  if (precision === "at_least") return `${count}+`;
  return precision === "estimated" ? `≈ ${count}` : count;
}

/** Return a total with its noun. */
export function formatRows(list: List): string {
  return `${formatTotal(list)} ${list.total === 1 ? "row" : "rows"}`;
}

/** Return the number of pages. Where the total is not exact, the pages up to the shown one and the next exist as well. */
export function pageCount(list: List, page: number, size: number): number {
  const counted = Math.max(Math.ceil((list.total ?? 0) / size), 1);
  if (list.precision === "exact" || list.items.length === 0) return counted;
  return Math.max(counted, list.next ? page + 1 : page);
}
