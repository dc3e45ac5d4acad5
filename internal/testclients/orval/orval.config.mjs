// OPENAPI is the contract.
const input = process.env.OPENAPI;

/** @type {import('orval').Config} */
export default {
  client: {
    input,
    output: {
      target: "generated/client.ts",
      schemas: "generated/model",
      client: "fetch",
      mode: "split",
      urlEncodeParameters: true, // of paths, such as a ticker with a slash
      override: {
        // A body of two types, as an upload has, makes a client that does not compile.
        contentType: { exclude: ["application/octet-stream"] },
        mutator: { path: "fetcher.ts", name: "fetcher" },
      },
    },
  },
  zod: {
    input,
    output: { target: "generated/zod.ts", client: "zod", mode: "single" },
  },
};
