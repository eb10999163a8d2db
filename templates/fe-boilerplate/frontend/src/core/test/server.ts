import { setupServer } from "msw/node";

/** Stands in for the backend. Tests say what it answers: `server.use(http.get("/api/students", …))`. */
export const server = setupServer();
