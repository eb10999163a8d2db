import { expect, it } from "vitest";
import { z } from "zod";
import * as f from "../api/fields";
import * as sql from "../api/rules";
import { defineTable } from "../api/table";
import { definePage } from "./define-page";
import { filterForm } from "./filter-values";
import { enteredFields, formEntries } from "./form-entries";
import { draftOf, formSchema } from "./form-values";
import type { AnyPage } from "./page";
import { customize } from "./page";
import { sampleRow } from "./testing/sample-row";

const rowSchema = z.object({ id: f.int64(), login: f.text(), visits: f.int32() });
const body = z.strictObject({
  login: f.text(),
  password: f.text({ min: 8 }),
  visits: f.int32().optional(),
});
const rules: readonly sql.Rule[] = [
  {
    name: "accounts_visits_check",
    fields: ["visits"],
    message: "`visits` must be at least 0",
    holds: (row) => sql.ge(row.visits, 0),
  },
];
const table = defineTable({
  name: "accounts",
  path: "/accounts",
  key: ["id"],
  labelFields: ["login"],
  schemas: {
    read: rowSchema,
    create: sql.withRules(body, rules),
    update: sql.withRulesOfChanges(body.partial(), rules),
  },
});
const accounts: AnyPage = definePage({
  nav: {
    name: "accounts",
    path: "/accounts",
    label: "Accounts",
    labelSingular: "Account",
    family: "Accounts",
  },
  table,
  customize: customize<z.output<typeof rowSchema>>({}),
  columns: ["login"],
  fields: {
    id: { label: "ID" },
    login: { label: "Login" },
    password: { label: "Password", format: "secret" },
    visits: { label: "Visits" },
  },
});
const stored = { id: "1", login: "ani", visits: 3 };

function change(drafts: Readonly<Record<string, string>>) {
  const fields = enteredFields(accounts, formEntries(accounts, false));
  const opened = Object.fromEntries(
    fields.map((field) => [field.name, draftOf(field, (stored as never)[field.name])]),
  );
  return formSchema(accounts, fields, opened, stored).safeParse({ ...opened, ...drafts });
}

it("has its place among the fields of a form, and in no row", () => {
  expect(formEntries(accounts, true).map(({ field }) => field.name)).toEqual([
    "login",
    "password",
    "visits",
  ]);
  expect(Object.keys(sampleRow(accounts))).not.toContain("password");
});

it("is required for a new row, and kept in an existing one if nothing is entered", () => {
  const secret = (isNew: boolean) =>
    formEntries(accounts, isNew).find(({ field }) => field.name === "password")?.field;
  expect(secret(true)).toMatchObject({ optional: false, isSecret: true });
  expect(secret(false)).toMatchObject({
    optional: true,
    help: "Leave empty to keep the present value.",
  });
  expect(change({ login: "ani b" }).data).toEqual({ login: "ani b" });
  expect(change({ password: "new password" }).data).toEqual({ password: "new password" });
});

it("does not keep the other values of an existing row from being checked", () => {
  expect(change({ visits: "-1" }).error?.issues.map(({ path }) => path)).toEqual([["visits"]]);
  expect(change({ password: "short" }).error?.issues.map(({ path }) => path)).toEqual([
    ["password"],
  ]);
});

it("cannot be filtered by", () => {
  const field = accounts.byName.get("password");
  expect(field && filterForm(accounts, field)).toBeUndefined();
});
