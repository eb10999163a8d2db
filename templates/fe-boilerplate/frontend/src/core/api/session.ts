import { send } from "./client";
import { sendAllDeletions } from "./held-deletions";
import { ProblemError } from "./problem";
import { type Session, sessionState, setSessionState } from "./session-state";

const PATH = "/session";
const NO_LOGIN = "no-login"; // in the session storage, once the backend has answered that it has none

/** Find out who is logged in. Never throws: where that fails, the first request of a page shows the reason. */
export async function startSession(): Promise<void> {
  if (sessionStorage.getItem(NO_LOGIN)) return;
  try {
    setSessionState({ session: await readSession(), isLoginRequired: false });
  } catch (error) {
    const isMissing = error instanceof ProblemError && error.status === 404;
    if (isMissing) sessionStorage.setItem(NO_LOGIN, "1");
  }
}

/** Log in. Returns whether the page has to be loaded again, since somebody else was logged in. */
export async function logIn(login: string, password: string): Promise<boolean> {
  const before = sessionState.get().session;
  const { body } = await send(PATH, { method: "POST", body: { login, password } });
  const session = body as unknown as Session;
  setSessionState({ session, isLoginRequired: false });
  return before?.login !== session.login || before.role !== session.role;
}

/** Log out. */
export async function logOut(): Promise<void> {
  await sendAllDeletions();
  await send(PATH, { method: "DELETE" });
}

async function readSession(): Promise<Session> {
  return (await send(PATH)).body as unknown as Session;
}
