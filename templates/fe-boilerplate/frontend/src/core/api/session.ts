import { send } from "./client";
import { ProblemError } from "./problem";
import {
  forgetSession,
  hasSession,
  type Session,
  sessionState,
  setSessionState,
} from "./session-state";

const PATH = "/session";

/** Find out who is logged in, if anybody has logged in from this browser. Never throws. */
export async function startSession(): Promise<void> {
  if (!hasSession()) return;
  try {
    setSessionState({ session: await readSession(), isLoginRequired: false });
  } catch (error) {
    const status = error instanceof ProblemError ? error.status : 0;
    if (status === 404) forgetSession(); // the backend has no login
    setSessionState({ isLoginRequired: status === 401 });
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
  await send(PATH, { method: "DELETE" });
  forgetSession();
}

async function readSession(): Promise<Session> {
  return (await send(PATH)).body as unknown as Session;
}
