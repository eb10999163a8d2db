import { Button, Group, Textarea } from "@mantine/core";
import { readJson, writeJson } from "../api/json";
import { common } from "./input-props";
import type { InputProps } from "./page";

/** JSON as text: checked while one types, put in order at the press of a button. */
export function JsonField(props: InputProps) {
  const { field, value, onChange } = props;
  const text = String(value ?? "");
  const ordered = inOrder(text);
  return (
    <div>
      <Textarea
        {...common(props)}
        autosize
        minRows={4}
        maxRows={20}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        placeholder={field.nullable || field.optional ? "Empty" : "{}"}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {ordered !== undefined && ordered !== text && (
        <Group justify="flex-end" mt={4}>
          <Button size="compact-xs" variant="subtle" onClick={() => onChange(ordered)}>
            Format {field.label}
          </Button>
        </Group>
      )}
    </div>
  );
}

/** Return JSON with its lines in order; undefined for what is none. */
function inOrder(text: string): string | undefined {
  try {
    return writeJson(readJson(text), 2);
  } catch {
    return undefined;
  }
}
