/* eslint-disable */
/**
 * Generated `api` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type {
  ApiFromModules,
  FilterApi,
  FunctionReference,
} from "convex/server";
import type * as access from "../access.js";
import type * as aggregate from "../aggregate.js";
import type * as cleanup from "../cleanup.js";
import type * as crons from "../crons.js";
import type * as documents from "../documents.js";
import type * as feed from "../feed.js";
import type * as lines from "../lines.js";
import type * as logs from "../logs.js";
import type * as progress from "../progress.js";
import type * as projection from "../projection.js";
import type * as runs from "../runs.js";
import type * as subtasks from "../subtasks.js";
import type * as tasks from "../tasks.js";
import type * as validators from "../validators.js";

/**
 * A utility for referencing Convex functions in your app's API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = api.myModule.myFunction;
 * ```
 */
declare const fullApi: ApiFromModules<{
  access: typeof access;
  aggregate: typeof aggregate;
  cleanup: typeof cleanup;
  crons: typeof crons;
  documents: typeof documents;
  feed: typeof feed;
  lines: typeof lines;
  logs: typeof logs;
  progress: typeof progress;
  projection: typeof projection;
  runs: typeof runs;
  subtasks: typeof subtasks;
  tasks: typeof tasks;
  validators: typeof validators;
}>;
export declare const api: FilterApi<
  typeof fullApi,
  FunctionReference<any, "public">
>;
export declare const internal: FilterApi<
  typeof fullApi,
  FunctionReference<any, "internal">
>;
