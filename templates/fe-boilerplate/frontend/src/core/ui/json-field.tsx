import { Button, Group, Textarea } from "@mantine/core";
import { readJson, writeJson } from "../api/json";
import { t } from "../language/messages";
import { common } from "./input-props";
import type { InputProps } from "./page";

/** Input for JSON as text, with a button that formats it. */
export function JsonField(props: InputProps) {
  const { field, value, onChange } = props;
  const text = String(value ?? "");
  const formatted = formatJson(text);
  return (
    <div>
      <Textarea
        {...common(props)}
        autosize
        minRows={4}
        maxRows={20}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        placeholder={field.nullable || field.optional ? t("empty") : "{}"}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {formatted !== undefined && formatted !== text && (
        <Group justify="flex-end" mt={4}>
          <Button size="compact-xs" variant="subtle" onClick={() => onChange(formatted)}>
            {t("input.format", { field: field.label })}
          </Button>
        </Group>
      )}
    </div>
  );
}

/** Return indented JSON; undefined for malformed text. */
function formatJson(text: string): string | undefined {
  try {
    return writeJson(readJson(text), 2);
  } catch {
    return undefined;
  }
}
