/**
 * The project's Convex functions, run under `convex-test`: one call at a time, with the checks of the real backend
 * that `convex-test` leaves out (access, sizes, nesting), and a journal from which a server that was killed restores what
 * it had committed.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { convexTest } from "convex-test";
import {
  makeFunctionReference,
  type FunctionReference,
  type GenericSchema,
  type SchemaDefinition,
} from "convex/server";
import { convexToJson, jsonToConvex, type JSONValue, type Value } from "convex/values";

export type FunctionType = "query" | "mutation" | "action";

export type Outcome =
  | { ok: true; value: JSONValue }
  | { ok: false; message: string; data?: JSONValue };

type Module = Record<string, unknown>;
interface Registered {
  isPublic?: boolean;
  isQuery?: boolean;
  isMutation?: boolean;
  isAction?: boolean;
}

const MAX_ARRAY = 8192; // items
const MAX_FIELDS = 1024; // of one object
const MAX_ARGUMENT_NESTING = 64;
const MAX_DOCUMENT_NESTING = 16;
const MAX_DOCUMENT = 1 << 20; // bytes

export class Functions {
  /** Called after each call that may have changed something. */
  onChange: () => void = () => undefined;
  private constructor(
    private readonly modules: Record<string, () => Promise<Module>>,
    private readonly test: ReturnType<typeof convexTest>,
    private readonly journal: string | undefined,
  ) {}

  /** Loads the functions in `folder` and, from `journal`, the commits of an earlier server. */
  static async load(folder: string, journal: string | undefined): Promise<Functions> {
    const modules = collectModules(folder);
    const schema = (await modules["./schema.js"]?.())?.["default"] as SchemaDefinition<GenericSchema, boolean>;
    const test = convexTest({ schema, modules, transactionLimits: true });
    guardDocuments();
    const functions = new Functions(modules, test, journal);
    await functions.replay();
    return functions;
  }

  /** Runs a function as the backend does: an error of its own is an outcome, not an exception. */
  async run(type: FunctionType, name: string, args: JSONValue): Promise<Outcome> {
    try {
      checkValue(args, MAX_ARGUMENT_NESTING, "Value");
      await this.checkPublic(name, type);
      const value = await this.call(type, name, args);
      if (type !== "query") {
        this.keep(type, name, args);
      }
      return { ok: true, value };
    } catch (error) {
      return { ok: false, ...describe(error) };
    } finally {
      if (type !== "query") {
        this.onChange();
      }
    }
  }

  /** Every document of a table, for tests; no deployment offers this. */
  async dump(table: string): Promise<JSONValue> {
    const documents = await this.test.run(async (ctx) => await ctx.db.query(table).collect());
    return documents.map((document) => convexToJson(document as Value));
  }

  /** Deletes every document of a table without calling a function. */
  async clear(table: string): Promise<void> {
    await this.test.run(async (ctx) => {
      for (const document of await ctx.db.query(table).collect()) {
        await ctx.db.delete(document._id);
      }
    });
  }

  private async call(type: FunctionType, name: string, args: JSONValue): Promise<JSONValue> {
    const reference = makeFunctionReference<FunctionType>(canonical(name));
    const given = jsonToConvex(args) as Record<string, Value>;
    const calls = {
      query: () => this.test.query(reference as FunctionReference<"query">, given),
      mutation: () => this.test.mutation(reference as FunctionReference<"mutation">, given),
      action: () => this.test.action(reference as FunctionReference<"action">, given),
    };
    return convexToJson(((await calls[type]()) as Value | undefined) ?? null);
  }

  private async checkPublic(name: string, type: FunctionType): Promise<void> {
    const [file = "", exported = "default"] = canonical(name).split(":");
    const module = await this.modules[`./${file}.js`]?.();
    const found = module?.[exported] as Registered | undefined;
    if (!found?.isPublic) {
      throw new Error(
        `Could not find public function for '${canonical(name)}'. Did you forget to run \`npx convex dev\`?`,
      );
    }
    const is = { query: found.isQuery, mutation: found.isMutation, action: found.isAction }[type];
    if (!is) {
      throw new Error(`Trying to execute ${canonical(name)} as ${type}, but it is defined differently.`);
    }
  }

  private keep(type: FunctionType, name: string, args: JSONValue): void {
    if (this.journal !== undefined) {
      fs.appendFileSync(this.journal, `${JSON.stringify({ type, name, args })}\n`);
    }
  }

  private async replay(): Promise<void> {
    if (this.journal === undefined || !fs.existsSync(this.journal)) {
      return;
    }
    // The last line is incomplete where the server was killed while it wrote it: that call had no answer.
    const lines = fs.readFileSync(this.journal, "utf8").split("\n").slice(0, -1);
    fs.writeFileSync(this.journal, lines.map((line) => `${line}\n`).join(""));
    for (const line of lines) {
      const { type, name, args } = JSON.parse(line) as { type: FunctionType; name: string; args: JSONValue };
      await this.call(type, name, args);
    }
  }
}

function canonical(name: string): string {
  return name.replace(/\.js(?=:|$)/, "");
}

/** The modules of a folder by their names in Convex. */
function collectModules(folder: string): Record<string, () => Promise<Module>> {
  const modules: Record<string, () => Promise<Module>> = {};
  for (const file of fs.readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (/\.(ts|js)$/.test(file) && !file.endsWith(".d.ts")) {
      const name = `./${file.replaceAll(path.sep, "/").replace(/\.ts$/, ".js")}`;
      modules[name] = () => import(pathToFileURL(path.join(folder, file)).href) as Promise<Module>;
    }
  }
  return modules;
}

/** Throws the backend's errors for values that it refuses. */
function checkValue(value: unknown, maxNesting: number, what: string): void {
  const depth = (each: unknown): number => {
    if (Array.isArray(each)) {
      if (each.length > MAX_ARRAY) {
        throw new Error(`Array length is too long (${each.length} > maximum length ${MAX_ARRAY})`);
      }
      return 1 + each.reduce((most: number, item) => Math.max(most, depth(item)), 0);
    }
    if (typeof each === "string" && !each.isWellFormed()) {
      throw new Error("String contains unpaired surrogates");
    }
    if (each === null || typeof each !== "object") {
      return 0;
    }
    const fields = Object.entries(each);
    if (fields.length === 1 && fields[0]?.[0].startsWith("$")) {
      return 0; // an encoded value, such as {$integer: ...}
    }
    if (fields.length > MAX_FIELDS) {
      throw new Error(`Object has too many fields (${fields.length} > maximum number ${MAX_FIELDS})`);
    }
    return 1 + fields.reduce((most, [, item]) => Math.max(most, depth(item)), 0);
  };
  const found = depth(value);
  if (found > maxNesting) {
    throw new Error(`${what} is too nested (nested ${found} levels deep > maximum nesting ${maxNesting})`);
  }
}

interface Syscalls {
  syscall: unknown;
  jsSyscall: unknown;
  asyncSyscall: (operation: string, args: string) => Promise<string>;
}

/** Checks every write for documents that the backend refuses. */
function guardDocuments(): void {
  const scope = globalThis as unknown as { Convex: Syscalls };
  const original = scope.Convex;
  const guarded = async (operation: string, args: string): Promise<string> => {
    if (["1.0/insert", "1.0/replace", "1.0/shallowMerge"].includes(operation)) {
      const { value } = JSON.parse(args) as { value: JSONValue };
      checkValue(value, MAX_DOCUMENT_NESTING, "Document");
      const size = Buffer.byteLength(JSON.stringify(value)); // a little more than the backend counts
      if (size > MAX_DOCUMENT) {
        throw new Error(`Value is too large (${size} > maximum size ${MAX_DOCUMENT})`);
      }
    }
    return await original.asyncSyscall(operation, args);
  };
  scope.Convex = {
    get syscall() {
      return original.syscall;
    },
    get jsSyscall() {
      return original.jsSyscall;
    },
    get asyncSyscall() {
      return guarded;
    },
  };
}

/** An error as the backend reports it: with a text, and with data where it is a `ConvexError`. */
function describe(error: unknown): { message: string; data?: JSONValue } {
  const id = randomBytes(8).toString("hex");
  const known = error instanceof Error ? error : new Error(String(error));
  const message = `[Request ID: ${id}] Server Error\nUncaught ${known.name}: ${known.message}`;
  if (!(Symbol.for("ConvexError") in known)) {
    return { message };
  }
  const data = (known as Error & { data: Value }).data;
  return { message, data: convexToJson(typeof data === "string" ? parsed(data) : data) };
}

function parsed(text: string): Value {
  try {
    return jsonToConvex(JSON.parse(text) as JSONValue);
  } catch {
    return text;
  }
}
