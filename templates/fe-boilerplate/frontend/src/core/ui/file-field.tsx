import { Button, FileInput, Group, Text } from "@mantine/core";
import { t } from "../language/messages";
import { formatSize, sizeOf } from "./formats";
import { common } from "./input-props";
import type { InputProps } from "./page";

/** Input for binary values: the content of a file as base64. */
export function FileField(props: InputProps) {
  const { field, value, onChange } = props;
  const content = String(value ?? "");
  const take = async (file: File | null) => {
    if (file) onChange(await contentOf(file));
  };
  return (
    <div>
      <FileInput
        {...common(props)}
        placeholder={t(content ? "file.chooseOther" : "file.choose")}
        value={null}
        onChange={take}
      />
      {content && (
        <Group gap="xs" mt={4}>
          <Text size="sm" c="dimmed">
            {formatSize(sizeOf(content))}
          </Text>
          <Button size="compact-xs" variant="subtle" onClick={() => onChange("")}>
            {t("file.remove", { field: field.label })}
          </Button>
        </Group>
      )}
    </div>
  );
}

/** Return the content of a file as base64. */
async function contentOf(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,?/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
