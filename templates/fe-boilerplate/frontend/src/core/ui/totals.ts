/** The total of a list, which the server counts up to a cap: how it is shown, and how many pages are known. */

import type { AnyRow, Page } from "../api/table";
import type { Total } from "../api/total";
import { t } from "../language/messages";
import { formatCount } from "./formats";

type List = Total & Pick<Page<AnyRow>, "items" | "next" | "offset">;

/** Return a total as text: `1,234`, `10,000+` or `≈ 2,000,000`. */
export function formatTotal({ total, precision }: Total): string {
  const count = formatCount(total ?? 0);
  if (precision === "at_least") return `${count}+`;
  return precision === "estimated" ? `≈ ${count}` : count;
}

/** Return a total with its noun. */
export function formatRows(total: Total): string {
  return t("list.rows", { count: total.total ?? 0, total: formatTotal(total) });
}

/** Return the displayed rows as text: `26–50 of 1,234`; empty if there are none. */
export function formatRange(list: List, page: number, size: number): string {
  const { length } = list.items;
  if (length === 0) return "";
  const isEnd = list.precision === "exact" && list.total !== null && !hasMore(list);
  const last = isEnd ? (list.total ?? 0) : (page - 1) * size + length;
  return t("list.range", {
    first: formatCount(last - length + 1),
    last: formatCount(last),
    total: formatTotal(list),
  });
}

/** Return the number of pages: those that were counted, and beyond them the displayed page and the next. */
export function pageCount(list: List, page: number, size: number): number {
  const counted = Math.max(Math.ceil((list.total ?? 0) / size), 1);
  if (list.items.length === 0) return counted;
  return Math.max(counted, hasMore(list) ? page + 1 : page);
}

/** Whether there is a next page. Lists without cursors count exactly on their last page. */
function hasMore({ next, offset, precision }: List): boolean {
  return next !== null || (offset !== null && precision === "at_least");
}
