import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { renderAt } from "../core/test/render";
import { server } from "../core/test/server";
import { ListScreen } from "../core/ui/list-screen";
import { ani, pupils } from "../core/ui/testing/pupils";
import { KeyDialog } from "./key-dialog";

const open = () =>
  renderAt(
    <>
      <ListScreen page={pupils} />
      <KeyDialog />
    </>,
    "/pupils",
  );

test("the dialog asks for the key until the backend accepts it", async () => {
  server.use(
    http.get("*/pupils", ({ request }) =>
      request.headers.get("X-API-Key") === "right-key"
        ? HttpResponse.json({
            items: [ani],
            total: 1,
            total_is: "exact",
            limit: 25,
            offset: 0,
            next: null,
            expanded: {},
          })
        : HttpResponse.json(
            { detail: "The header X-API-Key is missing or wrong." },
            { status: 401 },
          ),
    ),
  );
  open();
  await userEvent.type(await screen.findByLabelText("API key"), "wrong-key{Enter}");
  expect(await screen.findByText("The key was not accepted")).toBeInTheDocument();
  await userEvent.type(screen.getByLabelText("API key"), "right-key{Enter}");
  expect(await screen.findByText("Ani")).toBeInTheDocument();
  await waitFor(() => expect(screen.queryByLabelText("API key")).toBeNull());
});

test("other authentication errors do not open the dialog", async () => {
  server.use(
    http.get("*/pupils", () => HttpResponse.json({ detail: "Log in first." }, { status: 401 })),
  );
  open();
  expect(await screen.findByText("Log in first.")).toBeInTheDocument();
  expect(screen.queryByLabelText("API key")).toBeNull();
});
