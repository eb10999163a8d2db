/** Rows that pasted texts refer to, found by their labels. */

import type { Reference } from "../../api/table";
import { findOptions, type Option } from "../reference-options";

const AT_ONCE = 4; // requests

/** Return the rows that these texts name by their label or their key, each once; a text with several or none is left out. */
export async function findByLabels(
  reference: Reference,
  texts: readonly string[],
  where: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, Option>> {
  const { signal } = new AbortController();
  const found = new Map<string, Option>();
  const waiting = [...new Set(texts)].filter(Boolean);
  const search = async () => {
    for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
      const options = await findOptions(reference, text, where, signal);
      const option = matching(options, text);
      if (option) found.set(text, option);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, search));
  return found;
}

/** Return the only option with a text as its label, or as its key. */
export function matching(options: readonly Option[], text: string): Option | undefined {
  const wanted = text.trim().toLowerCase();
  const byKey = options.find(({ values }) => values.length === 1 && values[0] === text.trim());
  const byLabel = options.filter(({ label }) => label.toLowerCase() === wanted);
  return byLabel.length === 1 ? byLabel[0] : byKey;
}
