/** Numbers as typed in the format of a locale, by default the browser's. Pure functions. */

import { formatLocale } from "../language/language";

type Locale = string | undefined;

const SPACES = /(?<=\d)[\s\u00a0\u202f'’](?=\d)/g; // between groups of digits, in any locale
const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)$/;

/** Format a number, `1250.5`, for an input, without groups: `1250,5`. Any other text is returned unchanged. */
export function formatInputNumber(value: string, locale: Locale = formatLocale): string {
  return PLAIN.test(value) ? value.replace(".", decimalOf(locale)) : value;
}

/**
 * Parse a typed number: `1.250,5` becomes `1250.5`. Text that is not a number is returned unchanged.
 *
 * A separator that cannot separate groups is the decimal one: `87,5` and `87.5` are the same number in every locale.
 */
export function parseInputNumber(text: string, locale: Locale = formatLocale): string {
  const plain = text.trim().replace("\u2212", "-").replace(SPACES, "");
  const decimal = decimalOf(locale);
  const group = decimal === "," ? "." : ",";
  const sign = /^[+-]/.exec(plain)?.[0] ?? "";
  const [whole = "", ...fractions] = plain.slice(sign.length).split(decimal);
  if (fractions.length <= 1 && isGrouped(whole, group)) {
    return [sign + whole.replaceAll(group, ""), ...fractions].join(".");
  }
  const number = plain.replace(",", ".");
  return PLAIN.test(number) ? number : plain;
}

/** Whether these digits have no separators or separators between groups, of which the last has three digits. */
function isGrouped(digits: string, group: string): boolean {
  const [first = "", ...groups] = digits.split(group);
  if (groups.length === 0) return /^\d+$/.test(digits);
  const isInner = groups.slice(0, -1).every((part) => /^\d{2,3}$/.test(part));
  return /^\d{1,3}$/.test(first) && isInner && /^\d{3}$/.test(groups.at(-1) ?? "");
}

function decimalOf(locale: Locale): string {
  const parts = new Intl.NumberFormat(locale, { numberingSystem: "latn" }).formatToParts(0.5);
  return parts.find(({ type }) => type === "decimal")?.value === "," ? "," : ".";
}
