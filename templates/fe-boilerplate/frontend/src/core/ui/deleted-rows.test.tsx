import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, it } from "vitest";
import { renderAt } from "../test/render";
import { server } from "../test/server";
import { ListScreen } from "./list-screen";
import { ani, pupils } from "./testing/pupils";

const restorable = { ...pupils, deletion: "left_on" };
const budi = { ...ani, id: 7, name: "Budi" };
const cici = { ...ani, id: 8, name: "Cici" }; // whose restoration is refused
let deleted = [budi];
let requests: string[] = [];

beforeEach(() => {
  requests = [];
  deleted = [budi];
  const rest = { total_is: "exact", limit: 25, offset: 0, next: null, expanded: {} };
  server.use(
    http.get("*/pupils", ({ request }) => {
      const isDeleted = new URL(request.url).searchParams.get("deleted") === "only";
      const items = isDeleted ? deleted : [ani];
      return HttpResponse.json({ ...rest, items, total: items.length });
    }),
    http.post("*/pupils/:key/restore", ({ params }) => {
      requests.push(`restore ${params.key}`);
      if (params.key === "8")
        return HttpResponse.json({ title: "Conflict", status: 409 }, { status: 409 });
      deleted = deleted.filter(({ id }) => String(id) !== params.key);
      return HttpResponse.json(budi);
    }),
  );
});

it("lists deleted rows, which are restored instead of changed", async () => {
  renderAt(<ListScreen page={restorable} />, "/pupils?deleted=only");
  expect(await screen.findByRole("cell", { name: "Budi" })).toBeInTheDocument();
  expect(screen.queryByRole("link", { name: "Budi" })).toBeNull();
  await userEvent.click(screen.getByRole("checkbox", { name: "Select row 7" }));
  expect(screen.queryByRole("button", { name: "Delete" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Change" })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Restore" }));
  await waitFor(() => expect(requests).toEqual(["restore 7"]));
  expect(await screen.findByText("1 restored")).toBeInTheDocument();
});

it("restores rows up to the first that is refused", async () => {
  deleted = [budi, cici];
  renderAt(<ListScreen page={restorable} />, "/pupils?deleted=only");
  await userEvent.click(
    await screen.findByRole("checkbox", { name: "Select all rows on this page" }),
  );
  await userEvent.click(screen.getByRole("button", { name: "Restore" }));
  expect(await screen.findByText("Not restored")).toBeInTheDocument();
  expect(requests).toEqual(["restore 7", "restore 8"]);
  await waitFor(() => expect(screen.queryByRole("cell", { name: "Budi" })).toBeNull());
  expect(screen.getByRole("cell", { name: "Cici" })).toBeInTheDocument();
});

it("offers the switch only where deleted rows can be restored", async () => {
  renderAt(<ListScreen page={pupils} />, "/pupils?deleted=only");
  expect(await screen.findByRole("link", { name: "Ani" })).toBeInTheDocument();
  expect(screen.queryByRole("switch", { name: "Show deleted" })).toBeNull();
});
