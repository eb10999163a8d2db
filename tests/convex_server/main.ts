/**
 * A deployment for tests: the project's real functions, served over the official HTTP and WebSocket protocols.
 *
 *     node --import tsx tests/convex_server/main.ts [--port N] [--journal FILE]
 *
 * Prints `LISTENING <port>` when it is ready, on the loopback only, and ends when its standard input is closed, so that it
 * does not outlive the test that started it. Like `convex-test` it enforces neither the speed of indexes nor the time
 * limit of functions, and transactions never conflict: they run one by one.
 */
import type { AddressInfo } from "node:net";
import path from "node:path";
import { parseArgs } from "node:util";
import { Functions } from "./functions.ts";
import { serveHttp } from "./http.ts";
import { serveSync } from "./sync.ts";

const { values } = parseArgs({
  options: { port: { type: "string", default: "0" }, journal: { type: "string" } },
});
const folder = path.resolve(import.meta.dirname, "../../convex");
const functions = await Functions.load(folder, values.journal);
let dropConnections: () => void = () => undefined;
const server = serveHttp(functions, () => dropConnections());
dropConnections = serveSync(server, functions);
server.listen(Number(values.port), "127.0.0.1", () => {
  console.log(`LISTENING ${(server.address() as AddressInfo).port}`);
});
process.stdin.on("end", () => process.exit(0)).resume();
