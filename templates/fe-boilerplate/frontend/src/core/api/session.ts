import { apiUrl, send } from "./client";
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
  const { body } = await send(PATH, { method: "POST", body: { login, password } });
  return begin(body as unknown as Session);
}

/** Continue with a session that began in another tab. Returns as `logIn` does; undefined where there is none yet. */
export async function resumeSession(): Promise<boolean | undefined> {
  try {
    return begin(await readSession());
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

function begin(session: Session): boolean {
  const before = sessionState.get().session;
  setSessionState({ session, isLoginRequired: false });
  return before?.login !== session.login || before.role !== session.role;
}

/** Return the address at which the backend sends the browser to its identity provider, and from there to a path. */
export function providerLogin(path: string): string {
  return apiUrl(`${PATH}/oidc`, new URLSearchParams({ return_to: path }));
}

/** Log out. Returns the address to continue at, which may be one where an identity provider ends its session too. */
export async function logOut(): Promise<string> {
  await sendAllDeletions();
  const body = (await send(PATH, { method: "DELETE" })).body as { continue_at?: string } | null;
  return body?.continue_at ?? "/";
}

async function readSession(): Promise<Session> {
  return (await send(PATH)).body as unknown as Session;
}
