/** Return a key as one path segment: its encoded parts, separated by commas. */
export function keyText(parts: readonly (string | number | boolean)[]): string {
  return parts.map((part) => encodeURIComponent(String(part))).join(",");
}

/** Return the parts of a key from a path segment. */
export function readKey(text: string): readonly string[] {
  return text.split(",").map(decoded);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a URL entered by hand may contain an unescaped %
  }
}
