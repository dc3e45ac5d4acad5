// node generate.mjs OPENAPI OUT writes the types. A file is a Blob, for which openapi-typescript's command writes string, and what has a default
// can be left out of a request.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const [spec, out] = process.argv.slice(2);
const blob = ts.factory.createTypeReferenceNode("Blob");
const ast = await openapiTS(pathToFileURL(spec), {
  defaultNonNullable: false,
  transform: (schema) => (schema.format === "binary" ? blob : undefined),
});
await mkdir(dirname(out), { recursive: true });
await writeFile(out, astToString(ast));
