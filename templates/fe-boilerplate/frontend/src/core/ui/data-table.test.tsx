import { cleanup, fireEvent, screen, within } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { renderAt } from "../test/render";
import { DataTable } from "./data-table";
import { customize, type FieldInfo } from "./page";
import type { Labels } from "./row-labels";
import { ani, pupils } from "./testing/pupils";
import { withGaps } from "./virtual-slots";

/** The pages of a table with many columns, of which each shows its own name. */
const columns = ["name", ...Array.from({ length: 199 }, (_, at) => `c${at}`)];
const wide = {
  ...pupils,
  byName: new Map([["name", pupils.byName.get("name") as FieldInfo]]),
  extraColumns: customize({
    extraColumns: columns.slice(1).map((name) => ({ name, label: name, render: () => name })),
  }).extraColumns as typeof pupils.extraColumns,
};
const rows = Array.from({ length: 100 }, (_, at) => ({ ...ani, id: at, name: `Pupil ${at}` }));

// jsdom has no layout: these are the sizes of the region, of what it contains, and of a row.
beforeEach(() => {
  const sizes = { clientHeight: 600, clientWidth: 1000, scrollHeight: 4343, scrollWidth: 30_044 };
  for (const [name, size] of Object.entries(sizes)) {
    vi.spyOn(Element.prototype, name as keyof typeof sizes, "get").mockReturnValue(size);
  }
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(43);
});

const open = async (shown = rows, names = columns) => {
  renderAt(
    <DataTable
      page={wide}
      columns={names}
      rows={shown}
      labels={new Map()}
      caption="Pupils"
      selection={{}}
      onSelect={() => undefined}
    />,
  );
  return screen.findByRole("table", { name: "Pupils" });
};

it("renders a table of few cells as a whole", async () => {
  const table = await open(rows.slice(0, 25), columns.slice(0, 8));
  expect(within(table).getAllByRole("row")).toHaveLength(26);
  expect(table).not.toHaveAttribute("aria-rowcount");
  expect(screen.queryByRole("region")).toBeNull();
});

it("renders only the cells in view of a table of many, which stays a table of numbered rows", async () => {
  const table = await open();
  expect(table).toHaveAttribute("aria-rowcount", "101");
  expect(table).toHaveAttribute("aria-colcount", "201");
  expect(table.querySelectorAll("td").length).toBeLessThan(1000);
  const [head, first] = within(table).getAllByRole("row");
  expect(head).toHaveAttribute("aria-rowindex", "1");
  expect(first).toHaveAttribute("aria-rowindex", "2");
  const place = (row: Element | undefined) =>
    [...(row?.children ?? [])].map((cell) => cell.getAttribute("aria-colindex"));
  expect(place(first).slice(0, 4)).toEqual(["1", "2", "3", "4"]);
  expect(place(first)).toEqual(place(head));
  expect(table.querySelectorAll("col")).toHaveLength(head?.children.length ?? 0);
});

it("renders other cells as it is scrolled, and keeps the first column and the focused row", async () => {
  const table = await open();
  screen.getByRole("link", { name: "Pupil 1" }).focus();
  const region = screen.getByRole("region", { name: "Pupils" });
  region.scrollTop = 3000;
  region.scrollLeft = 10_000;
  fireEvent.scroll(region);
  expect(await within(table).findByRole("link", { name: "Pupil 75" })).toBeInTheDocument();
  expect(screen.queryByRole("link", { name: "Pupil 10" })).toBeNull();
  expect(screen.getByRole("link", { name: "Pupil 1" })).toHaveFocus();
  expect(screen.getAllByRole("cell", { name: "c70" }).length).toBeGreaterThan(0);
  expect(screen.queryByRole("cell", { name: "c10" })).toBeNull();
});

it("shows no key while the labels of referenced rows are loading, and the key where there is no label", async () => {
  const age = pupils.byName.get("age") as FieldInfo;
  const leadsTo = {
    name: "year",
    path: "year",
    fields: ["age"],
    table: "years",
    targetFields: ["id"],
  };
  const page = { ...wide, byName: new Map(wide.byName).set("age", { ...age, leadsTo }) };
  const table = (labels: Labels) => (
    <DataTable page={page} columns={["name", "age"]} rows={[ani]} labels={labels} caption="All" />
  );
  renderAt(table(new Map()));
  expect(await screen.findByRole("cell", { name: "…" })).toBeInTheDocument();
  expect(screen.queryByRole("cell", { name: "7" })).toBeNull();
  cleanup();
  renderAt(table(new Map([["year", new Map()]])));
  expect(await screen.findByRole("cell", { name: "7" })).toBeInTheDocument();
});

it("leaves the space of the rows that are not rendered", () => {
  const item = (index: number) => ({ index, start: index * 10, end: index * 10 + 10 });
  expect(withGaps([item(0), item(4), item(5)], 90)).toEqual([
    { index: 0 },
    { index: 4, gap: 30 },
    { index: 4 },
    { index: 5 },
    { index: -1, gap: 30 },
  ]);
  expect(withGaps([item(0)], 10)).toEqual([{ index: 0 }]);
});
