import { expect, it } from "vitest";
import { consequenceTexts } from "./consequence-texts";
import { pupils } from "./testing/pupils";

const effects = [{ table: "pupils", effect: "set_null", fields: ["left_on"], rows: 2 }] as const;

it("names fields by the labels of their pages", () => {
  const page = { ...pupils, byName: new Map(pupils.byName) };
  const field = pupils.byName.get("left_on");
  if (field) page.byName.set("left_on", { ...field, label: "Last day" });
  const found = consequenceTexts(
    { effects, isComplete: true, isRestorable: false },
    new Map([["pupils", page]]),
  );
  expect(found.effects).toEqual(["In 2 rows of pupils, last day will be empty"]);
});

it("names fields in words until the pages are loaded", () => {
  const found = consequenceTexts({ effects, isComplete: true, isRestorable: false }, new Map());
  expect(found.effects).toEqual(["In 2 rows of pupils, left on will be empty"]);
});
