// The input and the output come from the command line.
/** @type {import('@hey-api/openapi-ts').UserConfig} */
export default {
  input: "set by -i",
  output: "set by -o",
  plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
};
