/** The words of the interface: one catalogue of ICU messages for each language, of which one is loaded. */

import { setupI18n } from "@lingui/core";
import type english from "./catalogues/en";
import { formatLocale, language } from "./language";
import type { ArgumentsOf } from "./message-arguments";

type English = typeof english;
export type MessageKey = keyof English;

/** The messages of a language by key. Each has the arguments of the English one. */
export type Catalogue = Readonly<Record<MessageKey, string>>;

/** The key of a message without arguments. */
export type PlainKey = {
  [Key in MessageKey]: unknown extends ArgumentsOf<English[Key]> ? Key : never;
}[MessageKey];

type Values<Key extends MessageKey> =
  unknown extends ArgumentsOf<English[Key]> ? [] : [values: ArgumentsOf<English[Key]>];

const files = import.meta.glob<Catalogue>("./catalogues/*.ts", { import: "default" });
const i18n = setupI18n({});

/** Load the messages of the language. Messages can be read once this has ended. */
export async function loadMessages(): Promise<void> {
  const messages = await files[`./catalogues/${language}.ts`]?.();
  if (!messages) throw new Error(`there are no messages in the language ${language}`);
  i18n.loadAndActivate({ locale: language, locales: formatLocale ?? language, messages });
}

/** Return a message in the language of the interface. */
export function t<Key extends MessageKey>(key: Key, ...[values]: Values<Key>): string {
  return i18n._(key, values as Record<string, unknown>);
}
