import { requestHeaders } from "../../own/http";
import { keyHeaders, noteRefusal } from "./api-key";
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
  const response = await answerTo(path, "application/json", request);
  const body = await readBody(response);
  if (!response.ok) throw refused(response, body);
  return { body, etag: response.headers.get("ETag") ?? undefined };
}

/** Ask for a file and return its content. Throws `ProblemError` for every other outcome. */
export async function fetchFile(path: string, type: string, query: URLSearchParams): Promise<Blob> {
  const response = await answerTo(path, type, { query });
  if (!response.ok) throw refused(response, await readBody(response));
  return response.blob().catch(() => Promise.reject(noConnection())); // cut off on its way
}

async function answerTo(path: string, accept: string, request: Request): Promise<Response> {
  const headers = new Headers({ Accept: accept, ...keyHeaders(), ...requestHeaders() });
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
    throw noConnection();
  }
}

function noConnection(): ProblemError {
  return new ProblemError(0, "No connection", "The server cannot be reached.");
}

async function readBody(response: Response): Promise<JsonValue> {
  const text = await response.text();
  return text && isJsonAnswer(response) ? readJson(text) : null;
}

function refused(response: Response, body: JsonValue): ProblemError {
  const problem = problemOf(response.status, response.statusText, body);
  noteRefusal(problem.status, problem.detail);
  return problem;
}

function isJsonAnswer(response: Response): boolean {
  return /[/+]json\b/.test(response.headers.get("Content-Type") ?? "");
}
