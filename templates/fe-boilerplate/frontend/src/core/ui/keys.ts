/** A row's key as one part of a path: its parts, encoded, with commas between them. */
export function keyText(parts: readonly (string | number | boolean)[]): string {
  return parts.map((part) => encodeURIComponent(String(part))).join(",");
}

/** Return the parts of a key as it stands in a path. */
export function readKey(text: string): readonly string[] {
  return text.split(",").map(decoded);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // typed by hand, with a lone %
  }
}
