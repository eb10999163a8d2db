import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, devices } from "@playwright/test";

// Where a run writes the database, and traces of failed tests.
const output = fileURLToPath(
  new URL(process.env.E2E_OUTPUT ?? "node_modules/.run", import.meta.url),
);
const BACKEND_PORT = 8790;
const PORT = 8791;
const backend = new URL("../../backend/", import.meta.url).pathname;
const own = `${backend}.venv/bin/python`;
const python = process.env.E2E_PYTHON ?? (existsSync(own) ? own : "python3");
const database = `${output}/e2e.db`;
// Debian's, or any other Chromium or Chrome; without it that of `npx playwright install chromium`.
const executablePath = process.env.E2E_CHROMIUM;

/** Tests of the whole application: the built frontend, and the backend on a new SQLite database with plausible rows. */
export default defineConfig({
  testDir: ".",
  outputDir: `${output}/results`,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  workers: 1, // SQLite has one writer
  forbidOnly: Boolean(process.env.CI),
  reporter: process.env.CI ? "github" : "list",
  use: {
    ...devices["Desktop Chrome"],
    baseURL: `http://127.0.0.1:${PORT}`,
    locale: "en-GB",
    timezoneId: "UTC",
    trace: "retain-on-failure",
    launchOptions: { executablePath, args: process.env.CI ? ["--no-sandbox"] : [] },
  },
  webServer: [
    {
      name: "backend",
      cwd: backend,
      command: [
        `rm -f ${database}`,
        `mkdir -p ${output}`,
        `${python} -m alembic upgrade head`,
        `${python} -m app.seed`,
        `exec ${python} -m app.serve --port ${BACKEND_PORT}`,
      ].join(" && "),
      url: `http://127.0.0.1:${BACKEND_PORT}/readyz`,
      env: { DATABASE_URL: `sqlite:///${database}` },
      timeout: 120_000,
    },
    {
      name: "frontend",
      cwd: new URL("..", import.meta.url).pathname,
      command: `npx vite build --logLevel warn && exec npx vite preview --host 127.0.0.1 --port ${PORT} --strictPort`,
      url: `http://127.0.0.1:${PORT}`,
      env: { BACKEND_URL: `http://127.0.0.1:${BACKEND_PORT}` },
      timeout: 300_000,
    },
  ],
});
