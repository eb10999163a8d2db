import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, it, vi } from "vitest";
import { renderAt } from "../test/render";
import { server } from "../test/server";
import { ReferenceSelect } from "./reference-select";
import { ani, pupils } from "./testing/pupils";
import { referenceTo } from "./testing/reference-to";

vi.mock("../api/tables", () => ({ loadTable: async () => pupils.table }));

let searches: string[] = [];
let aborted: string[] = [];
let release: () => void = () => undefined;

/** Respond with as many pupils as are requested; searches for `slow` wait until they are released. */
beforeEach(() => {
  searches = [];
  aborted = [];
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  server.use(
    http.get("*/pupils", async ({ request }) => {
      const { q = "", limit } = Object.fromEntries(new URL(request.url).searchParams);
      searches.push(q);
      request.signal.addEventListener("abort", () => aborted.push(q));
      if (q === "slow") await released;
      const count = q ? 1 : Number(limit);
      const items = Array.from({ length: count }, (_, at) => ({
        ...ani,
        id: at,
        name: `${q}${at}`,
      }));
      return HttpResponse.json({ items, total: null, total_is: "exact", next: null });
    }),
  );
});

const open = async () => {
  renderAt(
    <ReferenceSelect
      label="Pupil"
      reference={referenceTo("pupils", "pupil_id")}
      values={undefined}
      onChange={() => undefined}
    />,
  );
  const box = await screen.findByRole("combobox", { name: "Pupil" });
  await userEvent.click(box);
  return box;
};

it("offers rows before anything is typed, and says that there are more", async () => {
  await open();
  expect(await screen.findByRole("option", { name: "0" })).toBeInTheDocument();
  const more = screen.getByRole("option", { name: /There are more rows/ });
  expect(more).toHaveAttribute("data-combobox-disabled");
  expect(searches).toEqual([""]);
});

it("searches once the user pauses, and aborts the search when typing goes on", async () => {
  const box = await open();
  await screen.findByRole("option", { name: "0" });
  await userEvent.type(box, "slow");
  await vi.waitFor(() => expect(searches).toEqual(["", "slow"]));
  await userEvent.type(box, "er");
  expect(await screen.findByRole("option", { name: "slower0" })).toBeInTheDocument();
  expect(searches).toEqual(["", "slow", "slower"]);
  expect(aborted).toEqual(["slow"]);
  release();
});
