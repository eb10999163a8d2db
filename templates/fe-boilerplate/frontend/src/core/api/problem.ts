import { messageOf } from "./problem-messages";

/** An error of one field. `constraint` names the violated database constraint, if any. */
export interface FieldProblem {
  readonly field: string;
  readonly code: string;
  readonly message: string;
  readonly constraint?: string;
}

/** An error response as problem details (RFC 9457). The status is 0 if there was no response. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: readonly FieldProblem[] = [],
    /** Seconds after which the server suggests to try again. */
    readonly retryAfter?: number,
  ) {
    super(detail || title);
  }

  /** Return the messages of a field and of its parts, such as the array item `tags.0`. */
  messagesOf(field: string): readonly string[] {
    return this.errors
      .filter((error) => error.field === field || error.field.startsWith(`${field}.`))
      .map((error) => error.message);
  }

  /** Return the same problem with the errors of a part of the request only, relative to that part. */
  within(part: string): ProblemError {
    const errors = this.errors
      .filter(({ field }) => field.startsWith(`${part}.`))
      .map((error) => ({ ...error, field: error.field.slice(part.length + 1) }));
    return new ProblemError(this.status, this.title, this.detail, errors, this.retryAfter);
  }

  /** Return the errors of a bulk request by the index of their row, which is removed from their fields. */
  byRow(): ReadonlyMap<number, readonly FieldProblem[]> {
    const rows = new Map<number, FieldProblem[]>();
    for (const error of this.errors) {
      const [, index, field = ""] = /^(\d+)(?:\.(.*))?$/.exec(error.field) ?? [];
      if (index === undefined) continue;
      const row = rows.get(Number(index)) ?? [];
      rows.set(Number(index), [...row, { ...error, field: field.replace(/^changes\./, "") }]);
    }
    return rows;
  }
}

/** Return the error for a response. Falls back to the status if the body is not a problem document. */
export function problemOf(
  status: number,
  statusText: string,
  body: unknown,
  retryAfter?: number,
): ProblemError {
  const problem = isObject(body) ? body : {};
  const title = textOf(problem.title) || statusText || `Status ${status}`;
  const errors = Array.isArray(problem.errors) ? problem.errors.flatMap(fieldProblem) : [];
  return new ProblemError(status, title, textOf(problem.detail) || title, errors, retryAfter);
}

/** Return the seconds of a header `Retry-After` (RFC 9110, section 10.2.3), which is a number or a date. */
export function readRetryAfter(text: string | null): number | undefined {
  if (!text) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(seconds, 0);
}

function fieldProblem(value: unknown): FieldProblem[] {
  if (!isObject(value)) return [];
  const code = textOf(value.code);
  const constraint = typeof value.constraint === "string" ? value.constraint : undefined;
  const message = messageOf(code, textOf(value.message), constraint);
  return [
    { field: textOf(value.field), code, message, ...(constraint !== undefined && { constraint }) },
  ];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
