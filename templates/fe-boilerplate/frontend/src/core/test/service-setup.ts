import { afterAll, afterEach, beforeAll, vi } from "vitest";
import { server } from "./server";

// Services need no browser: Node stands in for it, which knows no relative URL.
beforeAll(() => {
  vi.stubEnv("VITE_API_BASE", "http://localhost/api");
  server.listen({ onUnhandledRequest: "error" });
});
afterEach(() => server.resetHandlers());
afterAll(() => {
  server.close();
  vi.unstubAllEnvs();
});
