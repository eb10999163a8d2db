import { afterEach, expect, test } from "vitest";
import { isAllowed, isFieldAllowed, setSessionState } from "./session-state";

const RIGHTS = {
  read: ["id", "name"],
  create: false,
  update: ["name"],
  delete: false,
  export: true,
};

afterEach(() => setSessionState({ isLoginRequired: false }));

test("everything is allowed where nobody logs in", () => {
  expect(isAllowed("delete", "/pupils")).toBe(true);
  expect(isFieldAllowed("read", "/pupils", "note")).toBe(true);
});

test("rights are those of the session", () => {
  const session = { login: "ann", role: "teacher", has_history: true, rights: { pupils: RIGHTS } };
  setSessionState({ session, isLoginRequired: false });
  expect(isAllowed("read", "/pupils")).toBe(true);
  expect(isAllowed("create", "/pupils")).toBe(false);
  expect(isFieldAllowed("read", "/pupils", "note")).toBe(false);
  expect(isFieldAllowed("update", "/pupils", "name")).toBe(true);
  expect(isAllowed("delete", "/others")).toBe(true);
});
