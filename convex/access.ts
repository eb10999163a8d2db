/**
 * Authorisation. Writes need the shared secret; reads need it or the read secret, or nothing where the deployment
 * opens them. Every refusal is a `ConvexError` with a code.
 *
 * Environment of the deployment: RUNNER_CONVEX_TOKEN, RUNNER_CONVEX_READ_TOKEN, and RUNNER_CONVEX_OPEN_READS,
 * which opens reads to everyone when it is `true`.
 */
import { ConvexError, v } from "convex/values";

declare const process: { env: Record<string, string | undefined> };

export type ErrorCode = "unauthorized" | "closed" | "gap" | "invalid" | "not_found" | "conflict";

/** Returns an error with a code for the runner and a message for people. */
export function refuse(code: ErrorCode, message: string, details: Record<string, number> = {}) {
  return new ConvexError({ code, message, ...details });
}

/** Arguments that every read takes. */
export const readArgs = { token: v.optional(v.string()) };

/** Arguments that every write takes. */
export const writeArgs = { token: v.string() };

/** Returns the text of a setting of the deployment, or undefined where it is not set or empty. */
export function setting(name: string): string | undefined {
  return process.env[name] || undefined;
}

/** Throws unless `token` is the shared secret. Without one in its environment the deployment takes no writes. */
export function requireWrite(token: string): void {
  const secret = setting("RUNNER_CONVEX_TOKEN");
  if (secret === undefined) {
    throw refuse("closed", "This deployment takes no writes: RUNNER_CONVEX_TOKEN is not set in its environment.");
  }
  if (!sameSecret(token, secret)) {
    throw refuse("unauthorized", "The token is not the RUNNER_CONVEX_TOKEN of this deployment.");
  }
}

/** Throws unless reads are open, or `token` is the read secret or the shared one. */
export function requireRead(token: string | undefined): void {
  if (setting("RUNNER_CONVEX_OPEN_READS") === "true") {
    return;
  }
  const secrets = [setting("RUNNER_CONVEX_READ_TOKEN"), setting("RUNNER_CONVEX_TOKEN")];
  let allowed = false;
  for (const secret of secrets) {
    // Both are always compared, so that the time does not depend on the result of the first.
    allowed = (secret !== undefined && sameSecret(token ?? "", secret)) || allowed;
  }
  if (!allowed) {
    throw refuse("unauthorized", "Reading needs the RUNNER_CONVEX_READ_TOKEN or RUNNER_CONVEX_TOKEN of this deployment.");
  }
}

/** Compares in a time that depends only on the length of `given`, not on where the two differ. */
export function sameSecret(given: string, secret: string): boolean {
  let difference = given.length ^ secret.length;
  for (let index = 0; index < given.length; index++) {
    difference |= given.charCodeAt(index) ^ secret.charCodeAt(index % secret.length);
  }
  return secret.length > 0 && difference === 0;
}
