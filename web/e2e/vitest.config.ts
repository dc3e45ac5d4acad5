import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// One file after the other: all use one server and one browser each.
export default defineConfig({
  resolve: { alias: { "@edgevalue/client": fileURLToPath(new URL("../../client/ts/src/index.ts", import.meta.url)) } },
  test: {
    include: ["e2e/*.test.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["verbose"],
  },
});
