/** An exact decimal: `units` of the last decimal place. `1.50` is 150 units with 2 decimal places. */
export interface Exact {
  readonly units: bigint;
  readonly places: number;
}

/** Parse a decimal without loss of digits. Throws SyntaxError for text that is not a number. */
export function exact(value: string | number): Exact {
  const [whole = "", fraction = ""] = String(value).split(".");
  return { units: BigInt(`${whole || 0}${fraction}`.replace(/^\+/, "")), places: fraction.length };
}

/** Return a negative number, zero or a positive number if `left` is less than, equal to or greater than `right`. */
export function compare(left: Exact, right: Exact): number {
  const [a, b] = aligned(left, right);
  return a < b ? -1 : Number(a > b);
}

export function plus(left: Exact, right: Exact): Exact {
  const [a, b] = aligned(left, right);
  return { units: a + b, places: Math.max(left.places, right.places) };
}

export function minus(left: Exact, right: Exact): Exact {
  return plus(left, { ...right, units: -right.units });
}

export function times(left: Exact, right: Exact): Exact {
  return { units: left.units * right.units, places: left.places + right.places };
}

function aligned(left: Exact, right: Exact): readonly [bigint, bigint] {
  const places = Math.max(left.places, right.places);
  return [left, right].map(({ units, places: own }) => units * 10n ** BigInt(places - own)) as [
    bigint,
    bigint,
  ];
}
