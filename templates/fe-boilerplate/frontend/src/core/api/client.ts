import { requestHeaders } from "../../own/http";
import { keyHeaders, recordError } from "./api-key";
import { type JsonValue, readJson, writeJson } from "./json";
import { ProblemError, problemOf, readRetryAfter } from "./problem";
import { recordUnauthenticated } from "./session-state";
import { recordTimeZone } from "./time-zone";

export interface Request {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  /** A file to send as it is, in place of a body of JSON. */
  readonly file?: Blob | undefined;
  /** The `ETag` of the version to change, sent as `If-Match`. */
  readonly etag?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether the request outlives the page. */
  readonly keepalive?: boolean;
}

export interface JsonResponse {
  readonly body: JsonValue;
  readonly etag: string | undefined;
}

/** Return the URL of a path below the base URL of the API. */
export function apiUrl(path: string, query?: URLSearchParams): string {
  const base = (import.meta.env.VITE_API_BASE as string | undefined) ?? "/api";
  const search = query?.toString();
  return `${base.replace(/\/$/, "")}${path}${search ? `?${search}` : ""}`;
}

/** Send a request and return the JSON of a successful response. Throws `ProblemError`; aborts with `AbortError`. */
export async function send(path: string, request: Request = {}): Promise<JsonResponse> {
  const response = await fetchResponse(path, "application/json", request);
  const body = await readBody(response);
  if (!response.ok) throw responseError(response, body);
  return { body, etag: response.headers.get("ETag") ?? undefined };
}

/** Download a file. Throws `ProblemError`, also for a connection that is lost during the download. */
export async function fetchFile(path: string, type: string, request: Request): Promise<Blob> {
  const response = await fetchResponse(path, type, request);
  if (!response.ok) throw responseError(response, await readBody(response));
  return response.blob().catch(() => Promise.reject(connectionError()));
}

async function fetchResponse(path: string, accept: string, request: Request): Promise<Response> {
  const headers = new Headers({ Accept: accept, ...keyHeaders(), ...requestHeaders() });
  if (request.body !== undefined) headers.set("Content-Type", "application/json");
  if (request.file) headers.set("Content-Type", request.file.type || "application/octet-stream");
  if (request.etag) headers.set("If-Match", request.etag);
  try {
    const response = await fetch(apiUrl(path, request.query), {
      method: request.method ?? "GET",
      headers,
      body: request.file ?? (request.body === undefined ? null : writeJson(request.body)),
      signal: request.signal ?? null,
      keepalive: request.keepalive ?? false,
    });
    recordTimeZone(response.headers);
    return response;
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw connectionError();
  }
}

function connectionError(): ProblemError {
  return new ProblemError(0, "No connection", "The server cannot be reached.");
}

async function readBody(response: Response): Promise<JsonValue> {
  const text = await response.text();
  return text && isJsonResponse(response) ? readJson(text) : null;
}

function responseError(response: Response, body: JsonValue): ProblemError {
  const retryAfter = readRetryAfter(response.headers.get("Retry-After"));
  const problem = problemOf(response.status, response.statusText, body, retryAfter);
  recordError(problem.status, problem.detail);
  recordUnauthenticated(problem.status, problem.detail);
  return problem;
}

function isJsonResponse(response: Response): boolean {
  return /[/+]json\b/.test(response.headers.get("Content-Type") ?? "");
}
