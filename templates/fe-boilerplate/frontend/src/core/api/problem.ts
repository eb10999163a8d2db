/** What is wrong with one field. `constraint` names the database's constraint where one was broken. */
export interface FieldProblem {
  readonly field: string;
  readonly code: string;
  readonly message: string;
  readonly constraint?: string;
}

/** An answer that is not a success, as problem details (RFC 9457). Status 0: there was no answer. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: readonly FieldProblem[] = [],
  ) {
    super(detail || title);
  }

  /** The messages of a field, or of a place within it: an item of an array is told as `tags.0`. */
  messagesOf(field: string): readonly string[] {
    return this.errors
      .filter((error) => error.field === field || error.field.startsWith(`${field}.`))
      .map((error) => error.message);
  }
}

/** Make an error of an answer's status and body; a body that is no problem document says little. */
export function problemOf(status: number, statusText: string, body: unknown): ProblemError {
  const told = isObject(body) ? body : {};
  const title = textOf(told.title) || statusText || `Status ${status}`;
  const errors = Array.isArray(told.errors) ? told.errors.flatMap(fieldProblem) : [];
  return new ProblemError(status, title, textOf(told.detail) || title, errors);
}

function fieldProblem(value: unknown): FieldProblem[] {
  if (!isObject(value)) return [];
  const { field, code, message, constraint } = value;
  const told = { field: textOf(field), code: textOf(code), message: textOf(message) };
  return [typeof constraint === "string" ? { ...told, constraint } : told];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
