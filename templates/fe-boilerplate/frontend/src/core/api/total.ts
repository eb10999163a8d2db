import { send } from "./client";
import type { AnyRow, Page, WirePage } from "./table-service";

/** The number of rows of a list and how precise it is. */
export type Total = Pick<Page<AnyRow>, "total" | "precision">;

/** Return the number of all rows of the table at a path; the server estimates large numbers if its database can. */
export async function readTotal(path: string, signal: AbortSignal): Promise<Total> {
  const query = new URLSearchParams({ limit: "1", count: "estimated" });
  const { body } = await send(path, { query, signal });
  const { total, total_is: precision } = body as unknown as WirePage;
  return { total, precision };
}
