import { setupServer } from "msw/node";

/** A mock of the backend. Tests define its responses: `server.use(http.get("/api/students", …))`. */
export const server = setupServer();
