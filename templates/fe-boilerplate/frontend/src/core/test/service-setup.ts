import { afterAll, afterEach, beforeAll, vi } from "vitest";
import { loadMessages } from "../language/messages";
import { server } from "./server";

await loadMessages();

// Tests of services run in Node, where fetch requires absolute URLs.
beforeAll(() => {
  vi.stubEnv("VITE_API_BASE", "http://localhost/api");
  server.listen({ onUnhandledRequest: "error" });
});
afterEach(() => server.resetHandlers());
afterAll(() => {
  server.close();
  vi.unstubAllEnvs();
});
