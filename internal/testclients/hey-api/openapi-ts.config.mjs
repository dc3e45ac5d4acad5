// OPENAPI is the contract.
/** @type {import('@hey-api/openapi-ts').UserConfig} */
export default {
  input: process.env.OPENAPI,
  output: "generated",
  plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
};
