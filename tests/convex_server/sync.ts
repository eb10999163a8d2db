/**
 * The WebSocket server: the sync protocol as the official Rust client uses it.
 *
 * Rules that the client checks: each Transition starts at the version where the previous one ended, and a
 * new socket at 0/0/0; a mutation resolves only when a Transition follows its MutationResponse; without a message
 * or a ping for 30 s the client gives up.
 */
import type http from "node:http";
import type { JSONValue } from "convex/values";
import { WebSocketServer, type WebSocket } from "ws";
import { faults, sleep, strikes } from "./faults.ts";
import type { Functions, Outcome } from "./functions.ts";
import { ConvexJson, encode, type Answer } from "./wire.ts";

const PING_INTERVAL = 5000; // milliseconds

interface Version {
  querySet: number;
  identity: number;
  ts: bigint;
}

interface Modification {
  type: "Add" | "Remove";
  queryId: number;
  udfPath: string;
  args: JSONValue[];
}

type Message =
  | { type: "Connect"; maxObservedTimestamp?: string }
  | { type: "ModifyQuerySet"; baseVersion: number; newVersion: number; modifications: Modification[] }
  | { type: "Authenticate"; baseVersion: number }
  | { type: "Mutation" | "Action"; requestId: number; udfPath: string; args: JSONValue[] }
  | { type: "Event" };

interface Query {
  path: string;
  args: JSONValue;
  last: string | undefined;
}

/** Increasing timestamps, shared by all connections, in nanoseconds like the backend's. */
class Clock {
  private last = 0n;

  now(): bigint {
    return this.last || this.next();
  }

  next(): bigint {
    const now = BigInt(Date.now()) * 1_000_000n;
    this.last = now > this.last ? now : this.last + 1n;
    return this.last;
  }

  observe(ts: bigint): void {
    this.last = ts > this.last ? ts : this.last;
  }
}

function encodeTs(ts: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(ts);
  return bytes.toString("base64");
}

function encodeVersion({ querySet, identity, ts }: Version): Answer {
  return { querySet, identity, ts: encodeTs(ts) };
}

class Connection {
  private readonly queries = new Map<number, Query>();
  private sent: Version = { querySet: 0, identity: 0, ts: 0n };
  private readonly wanted = { querySet: 0, identity: 0 };
  private mutations: Promise<void> = Promise.resolve();
  private updating = false;
  private dirty = false;
  private readonly ping: NodeJS.Timeout;

  constructor(
    private readonly socket: WebSocket,
    private readonly functions: Functions,
    private readonly clock: Clock,
  ) {
    this.ping = setInterval(() => socket.ping(), PING_INTERVAL);
    socket.on("message", (data) => this.receive(JSON.parse(String(data)) as Message));
    socket.on("close", () => clearInterval(this.ping));
    socket.on("error", () => socket.terminate());
  }

  /** Notifies the client of changes; changes in quick succession share a Transition. */
  schedule(): void {
    this.dirty = true;
    if (!this.updating) {
      this.update().catch((error: unknown) => this.fail(String(error)));
    }
  }

  private receive(message: Message): void {
    switch (message.type) {
      case "Connect":
        if (message.maxObservedTimestamp !== undefined) {
          this.clock.observe(Buffer.from(message.maxObservedTimestamp, "base64").readBigUInt64LE());
        }
        return;
      case "ModifyQuerySet":
        return this.modify(message.baseVersion, message.newVersion, message.modifications);
      case "Authenticate": // ignored: the project's functions use tokens only
        this.wanted.identity = message.baseVersion + 1;
        return this.schedule();
      case "Mutation":
        this.mutations = this.mutations.then(() => this.call("mutation", message));
        return;
      case "Action":
        void this.call("action", message);
        return;
      case "Event":
        return;
    }
  }

  private modify(baseVersion: number, newVersion: number, modifications: Modification[]): void {
    if (baseVersion !== this.wanted.querySet) {
      return this.fail("BaseVersionMismatch");
    }
    this.wanted.querySet = newVersion;
    for (const { type, queryId, udfPath, args } of modifications) {
      if (type === "Add") {
        this.queries.set(queryId, { path: udfPath, args: args[0] ?? {}, last: undefined });
      } else {
        this.queries.delete(queryId);
      }
    }
    this.schedule();
  }

  private async call(
    type: "mutation" | "action",
    { requestId, udfPath, args }: { requestId: number; udfPath: string; args: JSONValue[] },
  ): Promise<void> {
    if (strikes("hang")) {
      return;
    }
    if (strikes("dropBefore")) {
      return this.socket.terminate();
    }
    await sleep(faults.delay);
    const outcome = await this.functions.run(type, udfPath, args[0] ?? {});
    if (strikes("dropAfterCommit")) {
      return this.socket.terminate();
    }
    this.send({
      type: type === "mutation" ? "MutationResponse" : "ActionResponse",
      requestId,
      success: outcome.ok,
      ...result(outcome, "result", "result"),
      ts: outcome.ok && type === "mutation" ? encodeTs(this.clock.next()) : undefined,
      logLines: [],
    });
    this.schedule();
  }

  private async update(): Promise<void> {
    this.updating = true;
    try {
      while (this.dirty) {
        this.dirty = false;
        await Promise.resolve();
        const wanted = { ...this.wanted, ts: this.clock.now() };
        const modifications: Answer[] = [];
        for (const [queryId, query] of this.queries) {
          modifications.push(...(await this.refresh(queryId, query)));
        }
        const start = this.sent;
        this.sent = wanted;
        this.send({
          type: "Transition",
          startVersion: encodeVersion(start),
          endVersion: encodeVersion(wanted),
          modifications,
        });
      }
    } finally {
      this.updating = false;
    }
  }

  /** Runs a query again and returns its new result, if that has changed. */
  private async refresh(queryId: number, query: Query): Promise<Answer[]> {
    const outcome = await this.functions.run("query", query.path, query.args);
    const key = JSON.stringify(outcome.ok ? outcome.value : [outcome.data, outcome.message.split("\n")[1]]);
    if (key === query.last) {
      return [];
    }
    query.last = key;
    const type = outcome.ok ? "QueryUpdated" : "QueryFailed";
    return [{ type, queryId, ...result(outcome, "value", "errorMessage"), logLines: [], journal: null }];
  }

  private send(message: Answer): void {
    if (this.socket.readyState === this.socket.OPEN) {
      this.socket.send(encode(message));
    }
  }

  private fail(error: string): void {
    this.send({ type: "FatalError", error });
    this.socket.close();
  }
}

function result(outcome: Outcome, good: string, bad: string): Record<string, Answer> {
  if (outcome.ok) {
    return { [good]: new ConvexJson(outcome.value) };
  }
  const errorData = outcome.data === undefined ? undefined : new ConvexJson(outcome.data);
  return { [bad]: outcome.message, errorData };
}

/** Serves the sync protocol on an HTTP server; returns a function that drops all its connections. */
export function serveSync(server: http.Server, functions: Functions): () => void {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const clock = new Clock();
  const connections = new Map<WebSocket, Connection>();
  functions.onChange = () => {
    clock.next();
    for (const connection of connections.values()) {
      connection.schedule();
    }
  };
  server.on("upgrade", (request, socket, head) => {
    if (!/^\/api(\/[^/]+)?\/sync$/.test((request.url ?? "").split("?")[0] ?? "")) {
      socket.destroy();
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      connections.set(ws, new Connection(ws, functions, clock));
      ws.on("close", () => connections.delete(ws));
    });
  });
  return () => {
    for (const ws of connections.keys()) {
      ws.terminate();
    }
  };
}
