import { describe, expect, it } from "vitest";
import {
  chooseColumns,
  chooseWidths,
  chosenColumns,
  chosenWidths,
  lastPlace,
  rememberPlace,
  removeView,
  saveView,
  viewsOf,
} from "./list-memory";
import { readState } from "./list-state";
import { pupils } from "./testing/pupils";

describe("the memory of a list", () => {
  it("keeps a place for each table", () => {
    rememberPlace("pupils", { q: "ani", page: "2" });
    expect(lastPlace("pupils")).toEqual({ q: "ani", page: "2" });
    expect(lastPlace("teachers")).toEqual({});
  });

  it("keeps columns until they are forgotten", () => {
    chooseColumns("pupils", ["fee", "name"]);
    expect(chosenColumns("pupils")).toEqual(["fee", "name"]);
    chooseColumns("pupils", undefined);
    expect(chosenColumns("pupils")).toEqual([]);
  });

  it("keeps widths, also in a view", () => {
    chooseWidths("pupils", { fee: 90 });
    saveView("pupils", { name: "Narrow", search: {}, widths: { fee: 70 } });
    expect(chosenWidths("pupils")).toEqual({ fee: 90 });
    expect(viewsOf("pupils")[0]?.widths).toEqual({ fee: 70 });
    chooseWidths("pupils", {});
    expect(localStorage.getItem("widths:pupils")).toBeNull();
    localStorage.setItem("widths:pupils", '{"fee":-3}');
    expect(chosenWidths("pupils")).toEqual({});
    removeView("pupils", "Narrow");
  });

  it("keeps views by name", () => {
    saveView("pupils", { name: "Late", search: { q: "late" } });
    saveView("pupils", { name: "Beginners", search: { level__in: "beginner" } });
    saveView("pupils", { name: "Late", search: { q: "later" } });
    expect(viewsOf("pupils").map(({ name, search }) => [name, search.q])).toEqual([
      ["Beginners", undefined],
      ["Late", "later"],
    ]);
    removeView("pupils", "Late");
    expect(viewsOf("pupils").map(({ name }) => name)).toEqual(["Beginners"]);
  });

  it("survives a change of the schema, and what others have written", () => {
    chooseColumns("pupils", ["removed", "fee"]);
    const search = { removed__eq: "1", fee__gte: "2", sort: "removed,-fee" };
    saveView("pupils", { name: "Old", search });
    const state = readState(viewsOf("pupils")[0]?.search ?? {}, pupils, chosenColumns("pupils"));
    expect(state).toMatchObject({ columns: ["fee"], filters: { fee__gte: "2" }, sort: ["-fee"] });
    localStorage.setItem("views:pupils", "not JSON");
    localStorage.setItem("columns:pupils", "7");
    expect(viewsOf("pupils")).toEqual([]);
    expect(chosenColumns("pupils")).toEqual([]);
  });
});
