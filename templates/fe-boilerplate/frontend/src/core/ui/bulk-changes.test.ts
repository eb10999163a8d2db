import { describe, expect, it } from "vitest";
import type { AnyTable } from "../api/table";
import { changedValues, editedEntries } from "./bulk-changes";
import type { AnyPage } from "./page";
import { pupils } from "./testing/pupils";

const entriesOf = (page: AnyPage, ...names: string[]) =>
  editedEntries(page).filter(({ field }) => names.includes(field.name));

describe("changes to several rows", () => {
  it("are offered for fields that rows may have in common", () => {
    const table = Object.create(pupils.table, { unique: { value: [["nickname"]] } }) as AnyTable;
    const names = editedEntries({ ...pupils, table }).map(({ field }) => field.name);
    expect(names).toContain("level");
    expect(names).not.toContain("nickname");
    expect(names).not.toContain("id");
  });

  it("send the chosen fields only, and null for those that were emptied", () => {
    const chosen = entriesOf(pupils, "level", "nickname");
    const drafts = { level: "far_on", nickname: "", fee: "10" };
    expect(changedValues(pupils, chosen, drafts)).toEqual({
      values: { level: "far_on", nickname: null },
      messages: {},
    });
  });

  it("are checked before they are sent", () => {
    const chosen = entriesOf(pupils, "fee", "born_on", "notes");
    expect(
      changedValues(pupils, chosen, { fee: "much", born_on: "", notes: "{" }).messages,
    ).toEqual({
      fee: "must be a number",
      born_on: "is required",
      notes: "must be JSON",
    });
  });
});
