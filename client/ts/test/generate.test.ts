import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const contract = `
openapi: 3.1.0
info: { title: Small, version: 2.1.0 }
servers: [{ url: /api/v2 }]
x-problem-types:
  not-found: { status: 404, title: Not found, description: What. }
paths:
  /things/{id}:
    parameters:
      - { name: id, in: path, required: true, schema: { type: integer, examples: [7] } }
      - { $ref: '#/components/parameters/AsOf' }
      - { name: words, in: query, explode: false, schema: { type: array, items: { type: string } } }
      - { name: kind, in: query, schema: { $ref: '#/components/schemas/Kind', description: Which. } }
      - { name: kinds, in: query, schema: { type: array, items: { $ref: '#/components/schemas/Kind' } } }
      - { name: days, in: query, schema: { type: array, items: { type: string } } }
    get: { operationId: getThing, responses: { '200': { $ref: '#/components/responses/Thing' } } }
    put:
      operationId: uploadThing
      requestBody:
        content:
          multipart/form-data: { schema: { type: object, properties: { file: { $ref: '#/components/schemas/Upload' } } } }
          application/octet-stream: { schema: { $ref: '#/components/schemas/Upload' } }
      responses: { '200': { $ref: '#/components/responses/Thing' } }
  /things:
    post:
      operationId: createThing
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Thing' } } } }
      responses: { '200': { $ref: '#/components/responses/Thing' } }
    patch:
      operationId: changeThing
      parameters: [{ $ref: '#/components/parameters/Other' }]
      requestBody: { $ref: '#/components/requestBodies/ThingChange' }
      responses: { '200': { $ref: '#/components/responses/Thing' } }
components:
  parameters:
    AsOf: { name: as_of, in: query, schema: { type: string, format: date } }
    Other: { name: other, in: query, schema: { type: string, enum: [y, z], x-extensible-enum: [y, z] } }
  requestBodies:
    ThingChange: { content: { application/json: { schema: { $ref: '#/components/schemas/ThingChange' } } } }
  responses:
    Thing: { description: A thing., content: { application/json: { schema: { $ref: '#/components/schemas/Thing' } } } }
  schemas:
    Upload: { type: string, format: binary }
    Kind: { type: string, enum: [k, l], x-extensible-enum: [k, l] }
    ThingChange:
      type: object
      properties:
        changed_kind: { oneOf: [{ $ref: '#/components/schemas/Kind' }, { type: 'null' }] }
        changed: { type: [string, 'null'], enum: [c, null], x-extensible-enum: [c, null] }
        thing: { $ref: '#/components/schemas/Thing' }
        change: { $ref: '#/components/schemas/ThingChange' }
      examples: [{ changed: c }]
    Thing:
      type: object
      required: [open, closed, nullable, list, price]
      properties:
        open: { type: string, enum: [a, b], x-extensible-enum: [a, b] }
        closed: { type: string, enum: [a, b] }
        nullable: { type: [string, 'null'], enum: [a, null], x-extensible-enum: [a, null] }
        list: { type: array, items: { type: string, enum: [a], x-extensible-enum: [a] } }
        price: { type: [number, 'null'], format: decimal }
        size: { type: integer, default: 3 }
        answered_kind: { $ref: '#/components/schemas/Kind' }
      examples: [{ open: a, closed: b, nullable: null, list: [], price: 1.5 }]
`;

void test("writes what the contract says", async () => {
  const dir = await mkdtemp(join(tmpdir(), "generate-"));
  after(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, "small.yaml"), contract);
  const script = fileURLToPath(new URL("../../generate.mjs", import.meta.url));
  await promisify(execFile)(process.execPath, [script, join(dir, "small.yaml"), dir]);
  const schema = await readFile(join(dir, "gen/ts/schema.ts"), "utf8");
  for (const line of [
    'open: "a" | "b" | (string & {});',
    'closed: "a" | "b";',
    'nullable: "a" | (string & {}) | null;',
    'list: ("a" | (string & {}))[];',
    "price: number | null;",
    "size?: number;",
    "Upload: Blob;",
    'answered_kind?: components["schemas"]["Kind"];',
    'Kind: "k" | "l" | (string & {});',
    'kind?: "k" | "l";',
    'kinds?: ("k" | "l")[];',
    'Other: "y" | "z";',
    'changed_kind?: ("k" | "l") | null;',
    'changed?: "c" | null;',
    'thing?: components["schemas"]["Thing"];',
    'change?: components["schemas"]["ThingChange"];',
  ]) {
    assert.ok(schema.replace(/\/\*\*.*?\*\/\s*/gs, "").includes(line), `${line}\n${schema}`);
  }
  const facts = await readFile(join(dir, "gen/ts/contract.ts"), "utf8");
  const values: unknown = Object.fromEntries(
    [...facts.matchAll(/^export const (\w+) = (.*?) as const;$/gms)].map(([, name, value]) => [name, JSON.parse(value ?? "") as unknown]),
  );
  assert.deepEqual(values, {
    version: "2.1.0",
    basePath: "/api/v2",
    problemTypes: { "not-found": { status: 404, title: "Not found" } },
    asOfOperations: ["GET /things/{id}"],
    joinedParameters: ["words"],
    bodyTypes: { "PUT /things/{id}": "application/octet-stream" },
  });
  const calls = await readFile(join(dir, "client/ts/test/operations_gen.ts"), "utf8");
  assert.deepEqual([...calls.matchAll(/client\.\w+\(.*\)(?=,$)/gm)].map(([call]) => call), [
    'client.GET("/things/{id}", { params: {"path":{"id":7}} })',
    'client.PUT("/things/{id}", { params: {"path":{"id":7}}, body: new Blob(["x"]) })',
    'client.POST("/things", { body: {"open":"a","closed":"b","nullable":null,"list":[],"price":1.5} })',
    'client.PATCH("/things", { body: {"changed":"c"} })',
  ]);
});
