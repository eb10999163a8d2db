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

test("the key that the backend wants is asked for until it is right", async () => {
  server.use(
    http.get("*/pupils", ({ request }) =>
      request.headers.get("X-API-Key") === "open sesame"
        ? HttpResponse.json({ items: [ani], total: 1, limit: 25, offset: 0, expanded: {} })
        : HttpResponse.json(
            { detail: "The header X-API-Key is missing or wrong." },
            { status: 401 },
          ),
    ),
  );
  open();
  await userEvent.type(await screen.findByLabelText("Key"), "sesame{Enter}");
  expect(await screen.findByText("The last one was not right")).toBeInTheDocument();
  await userEvent.type(screen.getByLabelText("Key"), "open sesame{Enter}");
  expect(await screen.findByText("Ani")).toBeInTheDocument();
  await waitFor(() => expect(screen.queryByLabelText("Key")).toBeNull());
});

test("a refusal that is not about a key does not ask for one", async () => {
  server.use(
    http.get("*/pupils", () => HttpResponse.json({ detail: "Log in first." }, { status: 401 })),
  );
  open();
  expect(await screen.findByText("Log in first.")).toBeInTheDocument();
  expect(screen.queryByLabelText("Key")).toBeNull();
});
