import { expect, test } from "vitest";
import { languages, localeOf, nameOf, preferredOf } from "./language";

test("the first language that the browser prefers is chosen, in any region", () => {
  const offered = ["en", "id", "pt-BR"];
  expect(preferredOf(offered, ["fr-FR", "id-ID", "en-GB"])).toBe("id");
  expect(preferredOf(offered, ["pt-PT"])).toBe("pt-BR");
  expect(preferredOf(offered, ["EN"])).toBe("en");
  expect(preferredOf(offered, ["fr"])).toBeUndefined();
  expect(preferredOf(offered, [])).toBeUndefined();
});

test("dates follow the region that the browser prefers, or else the chosen language", () => {
  expect(localeOf("en", ["id", "en-GB"], false)).toBe("en-GB");
  expect(localeOf("id", ["en-US"], true)).toBe("id");
  expect(localeOf("en", ["fr-FR"], false)).toBeUndefined();
});

test("each language has a name in that language", () => {
  expect(nameOf("id")).toBe("Bahasa Indonesia");
  expect(nameOf("nl")).toBe("Nederlands");
  for (const language of languages) expect(nameOf(language)).not.toBe(language);
});
