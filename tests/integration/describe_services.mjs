/**
 * Prints, as JSON, what the services of a frontend ask of their server and hold their fields to.
 *
 * Runs in the frontend's folder. Every method of every service is called, and what it would send is noted.
 */

import { createServer } from "vite";

const server = await createServer({
  configFile: false,
  logLevel: "error",
  appType: "custom",
  server: { middlewareMode: true, hmr: false, watch: null, ws: false },
  optimizeDeps: { noDiscovery: true },
});
const { loadTable, tableNames } = await server.ssrLoadModule("/src/core/api/tables.ts");
const kinds = await server.ssrLoadModule("/src/core/api/kinds.ts");
const imports = await server.ssrLoadModule("/src/core/api/imports.ts");

let requests = [];
const BASE = "http://localhost";
globalThis.fetch = async (url, { method, headers, body }) => {
  note(method, url, headers.has("If-Match"), body);
  const page = { items: [], total: 0, limit: 1, offset: 0, count: 0, deleted: 0 };
  return new Response(JSON.stringify(page), { headers: { "Content-Type": "application/json" } });
};

function note(method, url, etag, body) {
  const { pathname, searchParams } = new URL(url, BASE);
  const parameters = [...searchParams.keys()];
  requests.push({ method, path: decodeURIComponent(pathname), parameters, etag, body: body ?? null });
}

/** Call a method for what it sends: it may stumble over the answer, which is no row. */
const call = (promise) => promise.catch(() => undefined);

const READING = { columns: ["a"], decimal: ",", dates: "dmy", timeZone: "UTC", choices: { a: { A: "a" } } };

async function callAll(table) {
  const operators = Object.entries(table.filters);
  const filters = operators.flatMap(([field, known]) =>
    known.map((operator) => [operator === "eq" ? field : `${field}__${operator}`, "1"]),
  );
  const searches = table.references.map(({ path }) => [`${path}__q`, "1"]);
  const places = { limit: 1, offset: 1, after: "a", before: "a", count: "none" }; // the server accepts one place at a time
  const query = { ...places, sort: ["a"], q: "a", expand: ["a"], filters: Object.fromEntries([...filters, ...searches]) };
  await call(table.list(query));
  await call(table.count(query));
  await call(table.exportFile("csv", query, ["a"]));
  await call(table.exportFile("xlsx", query, ["a"]));
  const key = table.key.map((_, place) => `{${place}}`);
  if (key.length > 0) await call(table.get(key));
  if (!table.writable) return;
  const sample = table.key.map((field) => sampleOf(table.schemas.read.shape[field]));
  const body = Object.fromEntries(Object.keys(table.schemas.create.shape).map((field) => [field, null]));
  await call(table.create(body));
  await call(table.createMany([body]));
  await call(imports.readFileColumns(table, new Blob(["a"])));
  await call(imports.importFile(table, new Blob(["a"]), READING, true));
  await call(imports.fetchTemplate(table, { a: "A" }));
  await call(table.remove(key, '"1"'));
  await call(table.removeMany([sample]));
  await call(table.consequences([key]));
  await call(table.consequences([sample, sample]));
  if (!table.changeable) return;
  await call(table.replace(key, body, '"1"'));
  await call(table.update(key, {}, '"1"'));
  await call(table.updateMany([{ key: sample, changes: {} }]));
  await call(table.saveMany([body], [{ key: sample, changes: {} }]));
}

/** A value of a key as a row has it. */
function sampleOf(schema) {
  return ["int16", "int32"].includes(kinds.fieldKind(schema)) ? 1 : "1";
}

function describe(schema) {
  const { kind, bounds = {}, item } = kinds.factsOf(schema);
  const inner = kinds.inner(schema);
  return {
    kind,
    bounds,
    item: item ? describe(item) : null,
    choices: kind === "choice" ? (inner.options ?? [...inner.values]) : null,
    nullable: kinds.isNullable(schema),
    optional: kinds.isOptional(schema),
  };
}

const found = {};
for (const name of tableNames) {
  const table = await loadTable(name);
  requests = [];
  await callAll(table);
  const schemas = Object.entries(table.schemas).map(([use, schema]) => [
    use,
    Object.fromEntries(Object.entries(schema.shape).map(([field, one]) => [field, describe(one)])),
  ]);
  found[name] = {
    requests,
    schemas: Object.fromEntries(schemas),
    key: table.key,
    references: table.references,
    referencedBy: table.referencedBy,
  };
}
process.stdout.write(JSON.stringify(found));
await server.close();
