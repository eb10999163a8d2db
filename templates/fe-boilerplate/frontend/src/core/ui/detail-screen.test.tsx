import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { tableHooks } from "../api/hooks";
import { renderAt } from "../test/render";
import { server } from "../test/server";
import { DetailScreen } from "./detail-screen";
import { ani, pupils } from "./testing/pupils";

const open = () => {
  server.use(
    http.get("*/pupils/7", () =>
      HttpResponse.json({ ...ani, id: 7 }, { headers: { ETag: '"v1"' } }),
    ),
  );
  renderAt(<DetailScreen page={pupils} rowKey={["7"]} />, "/pupils/7");
};

it("shows a row with its title, and formats each value by its type", async () => {
  open();
  await waitFor(() => expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Ani"));
  const value = (label: string) => screen.getByText(label).nextElementSibling;
  expect(value("Level")).toHaveTextContent("Far on");
  expect(value("Active")).toHaveTextContent("Yes");
  expect(value("Nickname")).toHaveTextContent("–");
  expect(screen.getByRole("link", { name: "Edit" })).toHaveAttribute("href", "/pupils/7/edit");
});

it("deletes the displayed version after confirmation, and shows why the server rejects it", async () => {
  let version: string | null = "";
  server.use(
    http.delete("*/pupils/7", ({ request }) => {
      version = request.headers.get("If-Match");
      return HttpResponse.json({ detail: "Rows refer to it." }, { status: 409 });
    }),
  );
  open();
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Delete" }));
  const dialog = await screen.findByRole("dialog");
  await user.click(within(dialog).getByRole("button", { name: "Delete" }));
  expect(await screen.findByText("Rows refer to it.")).toBeInTheDocument();
  expect(version).toBe('"v1"');
});

it("shows before a deletion what it does to other rows, and offers no deletion that is refused", async () => {
  const effects = [
    { table: "no_such_fees", effect: "delete", fields: [], rows: 2 },
    { table: "no_such_classes", effect: "set_null", fields: ["monitor_id"], rows: 1 },
  ];
  const answer = { rows: 1, effects, is_complete: true };
  server.use(http.get("*/pupils/7/consequences", () => HttpResponse.json(answer)));
  open();
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Delete" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(await dialog.findByText("2 rows of no_such_fees will be deleted too")).toBeInTheDocument();
  expect(
    dialog.getByText("In 1 row of no_such_classes, monitor will be empty"),
  ).toBeInTheDocument();
  expect(dialog.getByRole("button", { name: "Delete" })).toBeEnabled();
  await user.click(dialog.getByRole("button", { name: "Cancel" }));
  effects.push({ table: "no_such_loans", effect: "refuse", fields: ["pupil_id"], rows: 10_000 });
  answer.is_complete = false;
  await user.click(await screen.findByRole("button", { name: "Delete" }));
  const refused = within(await screen.findByRole("dialog"));
  expect(
    await refused.findByText("At least 10,000 rows of no_such_loans (pupil)"),
  ).toBeInTheDocument();
  expect(refused.getByRole("button", { name: "Delete" })).toBeDisabled();
});

const deletePupil = async (answer: object) => {
  const requests: string[] = [];
  server.use(
    http.get("*/pupils/7/consequences", () => HttpResponse.json(answer)),
    http.delete("*/pupils/7", () => {
      requests.push("delete");
      return new HttpResponse(null, { status: 204 });
    }),
    http.post("*/pupils/7/restore", () => {
      requests.push("restore");
      return HttpResponse.json({ ...ani, id: 7 });
    }),
  );
  open();
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Delete" }));
  const dialog = within(await screen.findByRole("dialog"));
  await waitFor(() => expect(dialog.queryByText("Checking which rows refer to it…")).toBeNull());
  await user.click(dialog.getByRole("button", { name: "Delete" }));
  return { requests, user };
};

it("holds a deletion that cannot be reversed as long as it can be undone", async () => {
  const { requests, user } = await deletePupil({ rows: 1, effects: [], is_complete: true });
  const notice = within(await screen.findByRole("alert"));
  expect(notice.getByText("Pupil deleted")).toBeInTheDocument();
  await user.click(notice.getByRole("button", { name: "Undo" }));
  window.dispatchEvent(new Event("pagehide"));
  expect(requests).toEqual([]);
});

it("sends a deletion when it can no longer be undone", async () => {
  const { requests, user } = await deletePupil({ rows: 1, effects: [], is_complete: true });
  const notice = within(await screen.findByRole("alert"));
  expect(requests).toEqual([]);
  await user.click(notice.getByRole("button", { name: "Close" }));
  await waitFor(() => expect(requests).toEqual(["delete"]));
});

it("sends a deletion that is held when the page is left", async () => {
  const { requests } = await deletePupil({ rows: 1, effects: [], is_complete: true });
  await screen.findByRole("alert");
  window.dispatchEvent(new Event("pagehide"));
  await waitFor(() => expect(requests).toEqual(["delete"]));
});

function AddButton() {
  const { mutate } = tableHooks(pupils.table).useCreate();
  return (
    <button type="button" onClick={() => mutate(ani)}>
      Add again
    </button>
  );
}

it("sends a deletion that is held before another change, which the row could prevent", async () => {
  const { requests, user } = await deletePupil({ rows: 1, effects: [], is_complete: true });
  server.use(
    http.post("*/pupils", () => {
      requests.push("create");
      return HttpResponse.json({ ...ani, id: 8 }, { status: 201 });
    }),
  );
  await screen.findByRole("alert");
  renderAt(<AddButton />, "/pupils");
  await user.click(await screen.findByRole("button", { name: "Add again" }));
  await waitFor(() => expect(requests).toEqual(["delete", "create"]));
  await waitFor(() => expect(screen.queryByText("Pupil deleted")).toBeNull());
});

it("restores a row that is hidden instead of deleted, also by the keyboard", async () => {
  const answer = { rows: 1, effects: [], is_complete: true, is_restorable: true };
  const { requests, user } = await deletePupil(answer);
  await screen.findByRole("button", { name: "Undo" });
  expect(requests).toEqual(["delete"]);
  await user.keyboard("{Control>}z{/Control}");
  await waitFor(() => expect(requests).toEqual(["delete", "restore"]));
  expect(await screen.findByText("Pupil restored")).toBeInTheDocument();
});
