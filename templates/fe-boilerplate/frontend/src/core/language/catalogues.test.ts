import { compileMessage } from "@lingui/message-utils/compileMessage";
import { describe, expect, test } from "vitest";
import english from "./catalogues/en";

type Tokens = ReturnType<typeof compileMessage>;

const catalogues = import.meta.glob<Readonly<Record<string, string>>>("./catalogues/*.ts", {
  eager: true,
  import: "default",
});
const sources = Object.values(
  import.meta.glob<string>(
    ["../../{app,core}/**/*.{ts,tsx}", "!../**/catalogues/*", "!../../**/*.test.*"],
    {
      eager: true,
      query: "?raw",
      import: "default",
    },
  ),
);

describe.each(Object.entries(catalogues))("the messages of %s", (_path, messages) => {
  test("are those of English", () => {
    expect(Object.keys(messages).sort()).toEqual(Object.keys(english).sort());
  });

  test("have the arguments of those of English", () => {
    const found = Object.entries(messages).map(([key, text]) => [key, argumentsOf(text)]);
    const expected = Object.entries(english).map(([key, text]) => [key, argumentsOf(text)]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });

  test("are not empty", () => {
    expect(Object.keys(messages).filter((key) => !messages[key]?.trim())).toEqual([]);
  });
});

test("each message is used", () => {
  const unused = Object.keys(english).filter(
    (key) => !sources.some((source) => source.includes(`"${key}"`)),
  );
  expect(unused).toEqual([]);
});

/** Return the arguments of a message, each with its type: `count plural`. */
function argumentsOf(text: string): readonly string[] {
  return [...new Set(found(compileMessage(text)))].sort();
}

function found(tokens: Tokens): readonly string[] {
  if (typeof tokens === "string") return [];
  return tokens.flatMap((token) => {
    if (typeof token === "string") return [];
    const [name, type = "text", forms] = token;
    const nested = forms && typeof forms === "object" ? Object.values(forms).filter(Boolean) : [];
    return [`${name} ${type}`, ...nested.flatMap((form) => found(form as Tokens))];
  });
}
