import type { AnyPage, FieldInfo, Kind, Row } from "../page";

const SAMPLES: { readonly [K in Kind]?: unknown } = {
  int16: 1,
  int32: 1,
  int64: 1,
  number: 1.5,
  decimal: "1.50",
  boolean: true,
  date: "2024-01-31",
  time: "08:00:00",
  timestamp: "2024-01-31T08:00:00Z",
  local_timestamp: "2024-01-31T08:00:00",
  interval: "PT1H",
  span: "08:00:00",
  uuid: "00000000-0000-4000-8000-000000000001",
  json: {},
  bytes: "AAAA",
  array: [],
};

/** Return a row of a table as returned by the server, with null in all nullable fields. */
export function sampleRow(page: AnyPage): Row {
  return Object.fromEntries(
    page.fields.filter(({ isSecret }) => !isSecret).map((field) => [field.name, sample(field)]),
  );
}

function sample(field: FieldInfo): unknown {
  if (field.nullable) return null;
  if (field.kind !== "choice") return SAMPLES[field.kind] ?? field.label;
  const value = field.choices?.[0]?.value ?? "";
  return field.schema?.safeParse(value).success === false ? Number(value) : value;
}
