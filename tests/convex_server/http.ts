/** The HTTP server: `POST /api/query|mutation|action`, and `POST /__test` for requests of tests. */
import http from "node:http";
import type { JSONValue } from "convex/values";
import { NO_FAULTS, faults, sleep, strikes, type Faults } from "./faults.ts";
import type { FunctionType, Functions } from "./functions.ts";
import { ConvexJson, encode, type Answer } from "./wire.ts";

const MAX_BODY = (1 << 24) + 2000; // bytes: 16 MiB of arguments, and the rest of the request

interface Call {
  path: string;
  args: JSONValue;
}

/** A request of a test. */
interface Wish {
  set?: Partial<Faults>;
  /** Removes the faults that have affected no call yet. */
  calm?: boolean;
  dump?: string;
  clear?: string;
  /** Removes all faults, documents and counts. */
  reset?: boolean;
  dropConnections?: boolean;
}

class Calls {
  total = 0;
  byFunction: Record<string, number> = {};
  largestBody = 0; // bytes

  count(name: string, size: number): void {
    this.total += 1;
    this.byFunction[name] = (this.byFunction[name] ?? 0) + 1;
    this.largestBody = Math.max(this.largestBody, size);
  }
}

export function serveHttp(functions: Functions, dropConnections: () => void): http.Server {
  const calls = new Calls();
  return http.createServer((request, response) => {
    handle(functions, calls, dropConnections, request, response).catch((error: unknown) => {
      answer(response, 400, { code: "BadRequest", message: String(error) });
    });
  });
}

async function handle(
  functions: Functions,
  calls: Calls,
  dropConnections: () => void,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const body = await read(request);
  if (request.url === "/version") {
    response.end("0.0.0");
    return;
  }
  if (body === undefined) {
    answer(response, 413, { code: "RequestTooLarge", message: "length limit exceeded" });
    return;
  }
  if (request.url === "/__test") {
    answer(response, 200, await fulfil(functions, calls, dropConnections, JSON.parse(body || "{}") as Wish));
    return;
  }
  const [, type] = /^\/api\/(query|mutation|action)$/.exec(request.url ?? "") ?? [];
  if (type === undefined || request.method !== "POST") {
    answer(response, 404, { code: "NotFound", message: "not found" });
    return;
  }
  const call = JSON.parse(body) as Call;
  calls.count(call.path, Buffer.byteLength(body));
  await serve(functions, type as FunctionType, call, request, response);
}

async function serve(
  functions: Functions,
  type: FunctionType,
  { path, args }: Call,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  if (strikes("hang")) {
    return;
  }
  if (strikes("dropBefore")) {
    request.socket.destroy();
    return;
  }
  if (strikes("unavailable")) {
    answer(response, 503, { code: "ServiceUnavailable", message: "Service temporarily unavailable" });
    return;
  }
  if (strikes("refuse")) {
    response.setHeader("location", request.url ?? ""); // for a client that would follow it
    answer(response, faults.refuseWith, { code: "Refused", message: "refused by the test" });
    return;
  }
  if (strikes("garbage")) {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<html>sign in to this network</html>");
    return;
  }
  if (faults.delay > 0) {
    await sleep(faults.delay);
  }
  const given = Array.isArray(args) ? (args[0] ?? {}) : args;
  const outcome = await functions.run(type, path, given);
  if (strikes("dropAfterCommit")) {
    request.socket.destroy();
    return;
  }
  if (outcome.ok) {
    answer(response, 200, { status: "success", value: new ConvexJson(outcome.value), logLines: [] });
  } else {
    const errorData = outcome.data === undefined ? undefined : new ConvexJson(outcome.data);
    answer(response, 200, { status: "error", errorMessage: outcome.message, errorData, logLines: [] });
  }
}

async function fulfil(
  functions: Functions,
  calls: Calls,
  dropConnections: () => void,
  wish: Wish,
): Promise<Answer> {
  if (wish.reset || wish.calm) {
    Object.assign(faults, NO_FAULTS);
  }
  if (wish.reset) {
    Object.assign(calls, new Calls());
    for (const table of ["runs", "tasks", "subtasks", "logs", "producers"]) {
      await functions.clear(table);
    }
  }
  Object.assign(faults, wish.set ?? {});
  if (wish.dropConnections) {
    dropConnections();
  }
  if (wish.clear !== undefined) {
    await functions.clear(wish.clear);
  }
  return {
    faults: { ...faults },
    calls: { total: calls.total, byFunction: { ...calls.byFunction }, largestBody: calls.largestBody },
    documents: wish.dump === undefined ? null : (JSON.parse(JSON.stringify(await functions.dump(wish.dump))) as Answer),
  };
}

async function read(request: http.IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY) {
      chunks.push(chunk);
    }
  }
  return size <= MAX_BODY ? Buffer.concat(chunks).toString("utf8") : undefined;
}

function answer(response: http.ServerResponse, status: number, content: Answer): void {
  const body = encode(content);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}
