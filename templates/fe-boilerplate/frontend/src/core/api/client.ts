import { requestHeaders } from "../../own/http";
import { type JsonValue, readJson, writeJson } from "./json";
import { ProblemError, problemOf } from "./problem";

export interface Request {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  /** The version that a change is meant for, as its `ETag`. */
  readonly etag?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly body: JsonValue;
  readonly etag: string | undefined;
}

/** Return the URL of a path under the API's base. */
export function apiUrl(path: string, query?: URLSearchParams): string {
  const base = (import.meta.env.VITE_API_BASE as string | undefined) ?? "/api";
  const asked = query?.toString();
  return `${base.replace(/\/$/, "")}${path}${asked ? `?${asked}` : ""}`;
}

/** Send a request and return its answer's JSON. Throws `ProblemError` for every other outcome. */
export async function send(path: string, request: Request = {}): Promise<Answer> {
  const response = await answerTo(path, request);
  const text = await response.text();
  const body = text && isJsonAnswer(response) ? readJson(text) : null;
  if (!response.ok) throw problemOf(response.status, response.statusText, body);
  return { body, etag: response.headers.get("ETag") ?? undefined };
}

async function answerTo(path: string, request: Request): Promise<Response> {
  const headers = new Headers({ Accept: "application/json", ...requestHeaders() });
  if (request.body !== undefined) headers.set("Content-Type", "application/json");
  if (request.etag) headers.set("If-Match", request.etag);
  try {
    return await fetch(apiUrl(path, request.query), {
      method: request.method ?? "GET",
      headers,
      body: request.body === undefined ? null : writeJson(request.body),
      signal: request.signal ?? null,
    });
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new ProblemError(0, "No connection", "The server cannot be reached.");
  }
}

function isJsonAnswer(response: Response): boolean {
  return /[/+]json\b/.test(response.headers.get("Content-Type") ?? "");
}
