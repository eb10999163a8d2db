import { NativeSelect } from "@mantine/core";
import { chooseLanguage, language, languages, nameOf } from "../core/language/language";
import { t } from "../core/language/messages";

/** A choice between the languages of the interface; nothing if there is only one. */
export function LanguageMenu() {
  if (languages.length === 1) return null;
  return (
    <NativeSelect
      aria-label={t("shell.language")}
      size="xs"
      data={languages.map((name) => ({ value: name, label: nameOf(name), lang: name }))}
      value={language}
      onChange={(event) => chooseLanguage(event.currentTarget.value)}
    />
  );
}
