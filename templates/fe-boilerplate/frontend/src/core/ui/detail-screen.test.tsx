import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
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
