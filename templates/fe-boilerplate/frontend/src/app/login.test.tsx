import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { afterEach, expect, test, vi } from "vitest";
import { logOut, startSession } from "../core/api/session";
import { type Session, sessionState, setSessionState } from "../core/api/session-state";
import { renderAt } from "../core/test/render";
import { server } from "../core/test/server";
import { ListScreen } from "../core/ui/list-screen";
import { ani, pupils } from "../core/ui/testing/pupils";
import { Account, LoginDialog, LoginGate } from "./login";

const ANN: Session = { login: "ann", role: "teacher", has_history: true, rights: {} };
const ASKED = "Log in first: POST a login and a password to the path of the session.";
const page = {
  items: [ani],
  total: 1,
  total_is: "exact",
  limit: 25,
  offset: 0,
  next: null,
  expanded: {},
};

let isLoggedIn = false;

function backend() {
  isLoggedIn = false;
  server.use(
    http.get("*/pupils", () =>
      isLoggedIn ? HttpResponse.json(page) : HttpResponse.json({ detail: ASKED }, { status: 401 }),
    ),
    http.post("*/session", async ({ request }) => {
      const { password } = (await request.json()) as { password: string };
      isLoggedIn = password === "right";
      return isLoggedIn
        ? HttpResponse.json(ANN)
        : HttpResponse.json({ detail: "The login or the password is wrong." }, { status: 401 });
    }),
    http.delete("*/session", () => new HttpResponse(null, { status: 204 })),
  );
}

const open = () =>
  renderAt(
    <LoginGate>
      <Account />
      <ListScreen page={pupils} />
      <LoginDialog />
    </LoginGate>,
    "/pupils",
  );

async function enter(password: string) {
  await userEvent.type(screen.getByLabelText("Password"), `${password}{Enter}`);
}

afterEach(() => {
  setSessionState({ isLoginRequired: false });
  vi.unstubAllGlobals();
});

test("nobody sees the application before they have logged in", async () => {
  backend();
  const reload = vi.fn();
  vi.stubGlobal("location", { ...window.location, reload });
  open();
  await userEvent.type(await screen.findByLabelText("Login"), "ann");
  await enter("wrong");
  expect(await screen.findByRole("alert")).toHaveTextContent("The login or the password is wrong.");
  await enter("right");
  await waitFor(() => expect(reload).toHaveBeenCalled());
  expect(sessionState.get().session).toEqual(ANN);
});

test("a session that has ended is resumed on the same page", async () => {
  backend();
  setSessionState({ session: ANN, isLoginRequired: false });
  open();
  expect(await screen.findByText("Your session has ended")).toBeInTheDocument();
  expect(screen.getByLabelText("Login")).toHaveValue("ann");
  await enter("right");
  expect(await screen.findByText("Ani")).toBeInTheDocument();
  await waitFor(() => expect(screen.queryByLabelText("Password")).toBeNull());
});

test("the login with an identity provider is one button, which leads back to the page", async () => {
  const detail =
    "Log in with School ID first: send the browser to the path of the session and /oidc.";
  server.use(http.get("*/pupils", () => HttpResponse.json({ detail }, { status: 401 })));
  vi.stubGlobal("location", { ...window.location, pathname: "/pupils", search: "?q=a%20b" });
  open();
  const button = await screen.findByRole("link", { name: "Log in with School ID" });
  expect(button).toHaveAttribute("href", "/api/session/oidc?return_to=%2Fpupils%3Fq%3Da%2520b");
  expect(screen.queryByLabelText("Password")).toBeNull();
});

test("after a login with an identity provider in another tab, the page continues", async () => {
  const detail =
    "Log in with School ID first: send the browser to the path of the session and /oidc.";
  let isBack = false;
  server.use(
    http.get("*/pupils", () =>
      isBack ? HttpResponse.json(page) : HttpResponse.json({ detail }, { status: 401 }),
    ),
    http.get("*/session", () =>
      isBack ? HttpResponse.json(ANN) : HttpResponse.json({ detail }, { status: 401 }),
    ),
  );
  setSessionState({ session: ANN, isLoginRequired: false });
  open();
  const button = await screen.findByRole("link", { name: "Log in with School ID" });
  expect(button).toHaveAttribute("target", "_blank");
  window.dispatchEvent(new Event("focus"));
  expect(await screen.findByText("Your session has ended")).toBeInTheDocument();
  isBack = true;
  window.dispatchEvent(new Event("focus"));
  expect(await screen.findByText("Ani")).toBeInTheDocument();
  await waitFor(() => expect(screen.queryByText("Your session has ended")).toBeNull());
});

test("logging out continues where an identity provider ends its session", async () => {
  const continue_at = "https://login.example/logout?client_id=app";
  server.use(http.delete("*/session", () => HttpResponse.json({ continue_at })));
  expect(await logOut()).toBe(continue_at);
});

test("who is logged in can log out", async () => {
  backend();
  isLoggedIn = true;
  setSessionState({ session: ANN, isLoginRequired: false });
  const assign = vi.fn();
  vi.stubGlobal("location", { ...window.location, assign });
  open();
  expect(await screen.findByTitle("teacher")).toHaveTextContent("ann");
  await userEvent.click(screen.getByRole("button", { name: "Log out" }));
  await waitFor(() => expect(assign).toHaveBeenCalledWith("/"));
});

test("who is logged in is asked for when the application starts, once where there is no login", async () => {
  const asked = vi.fn();
  const answers = [HttpResponse.json(ANN), HttpResponse.json({ detail: ASKED }, { status: 401 })];
  server.use(
    http.get("*/session", () => {
      asked();
      return answers.shift() ?? HttpResponse.json({}, { status: 404 });
    }),
  );
  await startSession();
  expect(sessionState.get()).toEqual({ session: ANN, isLoginRequired: false });
  setSessionState({ isLoginRequired: false });
  await startSession();
  expect(sessionState.get()).toEqual({ isLoginRequired: true });
  await startSession();
  await startSession();
  expect(asked).toHaveBeenCalledTimes(3);
});
