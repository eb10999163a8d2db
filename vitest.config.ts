import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Convex's own runtime is closer to this than to Node: what only Node has is not there.
    environment: "edge-runtime",
    include: ["tests/convex/**/*.test.ts"],
    testTimeout: 20_000, // milliseconds
  },
});
