import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";

const nothing = { rows: 1, effects: [], is_complete: true };

/**
 * A mock of the backend. Tests define its responses: `server.use(http.get("/api/students", …))`.
 *
 * Without one, deletions have no consequences for other rows.
 */
export const server = setupServer(
  http.get("*/consequences", () => HttpResponse.json(nothing)),
  http.get(/:consequences\//, () => HttpResponse.json(nothing)),
  http.post("*/bulk-consequences", () => HttpResponse.json(nothing)),
);
