/** A number as whole units of its last place: `1.50` is 150 units of 2 places. */
export interface Exact {
  readonly units: bigint;
  readonly places: number;
}

/** Read digits, with or without a point: no digit is lost. */
export function exact(value: string | number): Exact {
  const [whole = "", fraction = ""] = String(value).split(".");
  return { units: BigInt(`${whole || 0}${fraction}`.replace(/^\+/, "")), places: fraction.length };
}

/** Negative, zero or positive, as `left` is less than, equal to or more than `right`. */
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
