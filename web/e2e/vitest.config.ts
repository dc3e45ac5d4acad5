import { defineConfig } from "vitest/config";

// One file after the other: all use one server and one browser each.
export default defineConfig({
  test: {
    include: ["e2e/*.test.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["verbose"],
  },
});
