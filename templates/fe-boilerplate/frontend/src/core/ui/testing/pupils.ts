import { z } from "zod";
import * as f from "../../api/fields";
import * as sql from "../../api/rules";
import { defineTable } from "../../api/table";
import { definePage } from "../define-page";
import { customize } from "../page";

const level = f.choice(["beginner", "far_on"]);

const rowSchema = z.object({
  id: f.int64(),
  name: f.text(),
  nickname: f.text().nullable(),
  age: f.int16().nullable(),
  fee: f.decimal(),
  level,
  tags: f.array(f.text()),
  born_on: f.date(),
  left_on: f.date().nullable(),
  seen_at: f.timestamp().nullable(),
  active: f.bool(),
  notes: f.json(),
  created_at: f.timestamp(),
});

const body = z.strictObject({
  name: f.text({ max: 20 }),
  nickname: f.text().nullish(),
  age: f.int16({ ge: 5 }).nullish(),
  fee: f.decimal({ digits: 6, places: 2 }),
  level: level.optional(),
  tags: f.array(f.text()).optional(),
  born_on: f.date(),
  left_on: f.date().nullish(),
  seen_at: f.timestamp().nullish(),
  active: f.bool().optional(),
  notes: f.json().optional(),
  created_at: f.timestamp().optional(),
});

const rules: readonly sql.Rule[] = [
  {
    name: "pupils_left_check",
    fields: ["left_on", "born_on"],
    message: "`left_on` must be after `born_on`",
    holds: (row) => sql.gt(row.left_on, row.born_on),
  },
];

/** The pages of a table with fields of all common types, for the tests of the screens. */
export const pupils = definePage({
  nav: {
    name: "pupils",
    path: "/pupils",
    label: "Pupils",
    labelSingular: "Pupil",
    family: "Pupils",
  },
  table: defineTable({
    name: "pupils",
    path: "/pupils",
    key: ["id"],
    labelFields: ["name"],
    schemas: { read: rowSchema, create: sql.withRules(body, rules), update: body.partial() },
  }),
  customize: customize<z.output<typeof rowSchema>>({}),
  columns: ["name", "level", "fee", "born_on"],
  fields: {
    id: { label: "ID" },
    name: { label: "Name" },
    nickname: { label: "Nickname" },
    age: { label: "Age" },
    fee: { label: "Fee", places: 2 },
    level: { label: "Level", initial: "beginner" },
    tags: { label: "Tags" },
    born_on: { label: "Born on" },
    left_on: { label: "Left on" },
    seen_at: { label: "Seen at" },
    active: { label: "Active", initial: true },
    notes: { label: "Notes" },
    created_at: { label: "Created at", readOnly: true },
  },
});

/** A pupil as returned by the server. */
export const ani = {
  id: 9007199254740,
  name: "Ani",
  nickname: null,
  age: 7,
  fee: "12.50",
  level: "far_on",
  tags: ["quick"],
  born_on: "2018-03-01",
  left_on: null,
  seen_at: "2026-01-02T03:04:05.678901Z",
  active: true,
  notes: {},
  created_at: "2026-01-01T00:00:00Z",
};
