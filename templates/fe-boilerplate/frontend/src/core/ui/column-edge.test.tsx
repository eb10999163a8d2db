import { act, fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { beforeEach, expect, it, vi } from "vitest";
import { renderAt } from "../test/render";
import { DataTable } from "./data-table";
import type { ColumnWidths } from "./list-memory";
import { ani, pupils } from "./testing/pupils";

const COLUMNS = ["name", "fee"];
let kept: ColumnWidths[] = [];

function Pupils({ count }: { count: number }) {
  const [widths, setWidths] = useState<ColumnWidths>({});
  const keep = (changed: ColumnWidths) => {
    kept.push(changed);
    setWidths(changed);
  };
  return (
    <DataTable
      page={pupils}
      columns={COLUMNS}
      rows={Array.from({ length: count }, (_, id) => ({ ...ani, id }))}
      labels={new Map()}
      caption="Pupils"
      widths={widths}
      onWidths={keep}
    />
  );
}

const open = async (count = 2) => {
  renderAt(<Pupils count={count} />);
  return screen.findByRole("separator", { name: "Width of Fee" });
};

// jsdom has no layout, and does not capture pointers.
beforeEach(() => {
  kept = [];
  vi.spyOn(HTMLElement.prototype, "offsetWidth", "get").mockReturnValue(200);
  HTMLElement.prototype.setPointerCapture = () => undefined;
});

const shown = () =>
  [...document.querySelectorAll("col")].map(({ style }) => Number.parseInt(style.width, 10));

it("changes the width of a column by the arrow keys, and keeps those of the others", async () => {
  const edge = await open();
  expect(shown()).toEqual([]);
  act(() => edge.focus());
  expect(edge).toHaveAttribute("aria-valuenow", "200");
  await userEvent.keyboard("{ArrowRight}");
  expect(kept).toEqual([{ name: 200, fee: 216 }]);
  expect(shown()).toEqual([200, 216]);
  expect(edge).toHaveAttribute("aria-valuenow", "216");
  await userEvent.keyboard("{Enter}");
  expect(kept.at(-1)).toEqual({ name: 200 });
});

it("shows the width while the edge is dragged, and keeps the last one", async () => {
  const edge = await open();
  fireEvent.pointerDown(edge, { clientX: 400, pointerId: 1 });
  fireEvent.pointerMove(edge, { clientX: 450, pointerId: 1 });
  expect(shown()).toEqual([200, 250]);
  expect(kept).toEqual([]);
  fireEvent.pointerMove(edge, { clientX: -4000, pointerId: 1 });
  expect(shown()).toEqual([200, 60]);
  fireEvent.pointerUp(edge, { clientX: 430, pointerId: 1 });
  expect(kept).toEqual([{ name: 200, fee: 230 }]);
  fireEvent.doubleClick(edge);
  expect(kept.at(-1)).toEqual({ name: 200 });
});

it("keeps nothing of a click or of a drag that is cancelled", async () => {
  const edge = await open();
  fireEvent.pointerDown(edge, { clientX: 400, pointerId: 1 });
  fireEvent.pointerUp(edge, { clientX: 400, pointerId: 1 });
  fireEvent.pointerDown(edge, { clientX: 400, pointerId: 1 });
  fireEvent.pointerMove(edge, { clientX: 450, pointerId: 1 });
  fireEvent.pointerCancel(edge, { pointerId: 1 });
  fireEvent.pointerMove(edge, { clientX: 460, pointerId: 1 });
  expect(kept).toEqual([]);
  expect(shown()).toEqual([]);
});

it("changes widths in a table of which a part is rendered", async () => {
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(1000);
  const edge = await open(600);
  edge.focus();
  await userEvent.keyboard("{ArrowLeft}{ArrowLeft}");
  expect(kept.at(-1)).toEqual({ name: 200, fee: 184 });
  expect(shown()).toEqual([200, 184]);
});

it("has no edges where widths cannot be changed", async () => {
  const labels = new Map();
  renderAt(
    <DataTable page={pupils} columns={COLUMNS} rows={[ani]} labels={labels} caption="All" />,
  );
  await screen.findByRole("table", { name: "All" });
  expect(screen.queryByRole("separator")).toBeNull();
});
