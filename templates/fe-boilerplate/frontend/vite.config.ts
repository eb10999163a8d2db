import react from "@vitejs/plugin-react";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";
import { compileMessages } from "./compile-messages.ts";

const NAVIGATION = /[\\/]src[\\/]pages[\\/][^\\/]+[\\/]nav\.ts$/;
// What the shell and the pages both use: bundled by itself, each of these would be a small file of the first page.
const SHELL = new RegExp(
  [
    "/src/core/api/hooks\\.",
    "/src/core/ui/(fields|formats|groups|keys|registry|removal)\\.",
    "/@mantine/(hooks|modals|notifications)/",
    "/components/(Accordion|Anchor|Input|InputBase|PasswordInput|TextInput|Title)/",
    "/get-(contrast-color|sorted-breakpoints)/",
  ]
    .join("|")
    .replaceAll("/", "[\\\\/]"),
);
const ROUTER = /[\\/]node_modules[\\/]@tanstack[\\/](react-)?(router|router-core|store)[\\/]/;

// `npm run dev` and `npm run preview` forward /api to the backend.
export default defineConfig(({ mode }) => {
  const environment = loadEnv(mode, ".", "");
  const proxy = { "/api": environment.BACKEND_URL ?? "http://127.0.0.1:8000" };
  return {
    plugins: [react(), compileMessages()],
    server: { proxy },
    preview: { proxy },
    build: {
      manifest: true,
      rolldownOptions: {
        // The first page needs an entry of every table, and the router. Otherwise they would be many files.
        output: {
          codeSplitting: {
            groups: [
              { name: "navigation", test: NAVIGATION },
              { name: "router", test: ROUTER },
              { name: "shell", test: SHELL },
            ],
          },
        },
      },
    },
    test: {
      restoreMocks: true,
      css: false,
      testTimeout: 120_000,
      projects: [
        {
          extends: true,
          test: {
            name: "services",
            include: ["src/**/*.test.ts"],
            exclude: ["src/**/*.isolated.test.ts"],
            environment: "node",
            isolate: false,
            setupFiles: "src/core/test/service-setup.ts",
          },
        },
        {
          extends: true,
          test: {
            name: "components",
            include: ["src/**/*.test.tsx"],
            exclude: ["src/**/*.isolated.test.tsx"],
            environment: "jsdom",
            isolate: false,
            setupFiles: "src/core/test/setup.ts",
          },
        },
        {
          // Tests that mock modules need isolation: the other tests of a worker share their modules.
          extends: true,
          test: {
            name: "isolated",
            include: ["src/**/*.isolated.test.{ts,tsx}"],
            environment: "jsdom",
            setupFiles: "src/core/test/setup.ts",
          },
        },
      ],
    },
  };
});
