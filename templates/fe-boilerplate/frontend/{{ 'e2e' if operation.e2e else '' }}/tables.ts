/** The tables of the application, as its screens know them, and their rows in the API. */

import type { APIRequestContext } from "@playwright/test";
import { createServer } from "vite";
import type { AnyPage, FieldInfo, Row } from "../src/core/ui/page";

type Messages = typeof import("../src/core/language/messages");
type Registry = typeof import("../src/core/ui/registry");

/** The tables of each group of the navigation whose rows can be entered in a form. */
export type Families = ReadonlyMap<string, readonly AnyPage[]>;

const BINARY = ["bytes", "native"]; // kinds that no text can be entered for
const ROWS = 100; // of a table that are looked at

/** Load the declarations of all tables, which the frontend's build would otherwise put together. */
export async function loadFamilies(): Promise<Families> {
  const root = new URL("..", import.meta.url).pathname;
  const vite = await createServer({
    root,
    configFile: `${root}vite.config.ts`,
    server: { middlewareMode: true, ws: false },
    appType: "custom",
    logLevel: "error",
  });
  const hasText = (page: AnyPage) => changedField(page) !== undefined;
  try {
    const messages = (await vite.ssrLoadModule("/src/core/language/messages.ts")) as Messages;
    await messages.loadMessages();
    const registry = (await vite.ssrLoadModule("/src/core/ui/registry.ts")) as Registry;
    const found = new Map<string, AnyPage[]>();
    for (const { group, name } of registry.navigation) {
      const [family, page] = [registry.groupName(group), await registry.loadPage(name)];
      if (page && canBeEntered(page)) found.set(family, [...(found.get(family) ?? []), page]);
    }
    // Tables with a text that can be changed come first.
    for (const pages of found.values()) pages.sort((a, b) => +hasText(b) - +hasText(a));
    return found;
  } finally {
    await vite.close();
  }
}

function canBeEntered(page: AnyPage): boolean {
  const needed = page.fields.filter((field) => field.schema && !field.optional && !field.nullable);
  const { creatable, changeable, removable } = page.table;
  const isPossible = needed.every(({ kind, isSecret }) => !isSecret && !BINARY.includes(kind));
  return creatable && changeable && removable && isPossible;
}

/** Return a field of free text that a test can change: no other row has to agree with it. */
export function changedField(page: AnyPage): FieldInfo | undefined {
  return page.fields.find(
    ({ name, kind, choices, changeable, schema, format, reference, isKey }) => {
      const isUnique = page.table.unique.some((fields) => fields.includes(name));
      const isFree = kind === "text" && !choices && !format && !reference && !isKey && !isUnique;
      return isFree && changeable && schema?.safeParse(CHANGED).success;
    },
  );
}

export const CHANGED = "Changed in a test";

/** Return the fields of a row that can be entered again, in the order of the form. */
export function enteredFields(page: AnyPage, row: Row): readonly FieldInfo[] {
  return page.fields.filter(
    ({ name, schema, kind }) => schema && row[name] != null && !BINARY.includes(kind),
  );
}

/** A row, and its key as it stands in addresses. */
export interface Found {
  readonly page: AnyPage;
  readonly row: Row;
  readonly key: string;
}

/** Return a row of one of these tables that can be deleted without a consequence for others, or for the session. */
export async function findLeaf(
  api: APIRequestContext,
  pages: readonly AnyPage[],
): Promise<Found | undefined> {
  const session = await api.get("/api/session"); // 404 where nobody logs in
  const login: unknown = session.ok() ? (await session.json()).login : undefined;
  for (const page of pages) {
    const { path, mark } = page.table;
    const { items } = (await read(api, `${path}?limit=${ROWS}`)) as { items: Row[] };
    for (const row of items) {
      if (login !== undefined && Object.values(row).includes(login)) continue; // the account of the tests
      const parts = page.table.key.map((name) => encodeURIComponent(String(row[name])));
      const below = parts.join("/");
      const consequences = mark === ":" ? `:consequences/${below}` : `/${below}/consequences`;
      const { effects } = (await read(api, path + consequences)) as { effects: unknown[] };
      if (effects.length === 0) return { page, row, key: parts.join(",") };
    }
  }
  return undefined;
}

async function read(api: APIRequestContext, path: string): Promise<unknown> {
  const response = await api.get(`/api${path}`);
  if (!response.ok()) throw new Error(`GET ${path}: ${response.status()} ${await response.text()}`);
  return response.json();
}
