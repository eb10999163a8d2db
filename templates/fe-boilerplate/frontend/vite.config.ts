import react from "@vitejs/plugin-react";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

// While developing, and in `npm run preview`, calls of /api go on to the backend.
export default defineConfig(({ mode }) => {
  const environment = loadEnv(mode, ".", "");
  const proxy = { "/api": environment.BACKEND_URL ?? "http://127.0.0.1:8000" };
  return {
    plugins: [react()],
    server: { proxy },
    preview: { proxy },
    build: { manifest: true },
    test: {
      restoreMocks: true,
      css: false,
      testTimeout: 30_000,
      projects: [
        {
          extends: true,
          test: {
            name: "plain",
            include: ["src/**/*.test.ts"],
            exclude: ["src/**/*.alone.test.ts"],
            environment: "node",
            isolate: false,
            setupFiles: "src/core/test/service-setup.ts",
          },
        },
        {
          extends: true,
          test: {
            name: "screens",
            include: ["src/**/*.test.tsx"],
            exclude: ["src/**/*.alone.test.tsx"],
            environment: "jsdom",
            isolate: false,
            setupFiles: "src/core/test/setup.ts",
          },
        },
        {
          // Tests that mock modules, which the others of a worker share.
          extends: true,
          test: {
            name: "alone",
            include: ["src/**/*.alone.test.{ts,tsx}"],
            environment: "jsdom",
            setupFiles: "src/core/test/setup.ts",
          },
        },
      ],
    },
  };
});
