import type { InputWrapperProps } from "@mantine/core";
import { zoneName } from "./formats";
import type { FieldInfo, InputProps } from "./page";

/** What all inputs have alike: label, help, message, and how they tell of a change. */
export function common({ field, error, required, onBlur }: InputProps) {
  return {
    name: field.name,
    label: field.label,
    description: helpOf(field),
    error,
    errorProps: { role: "alert" },
    inputWrapperOrder: WRAPPER_ORDER,
    withAsterisk: required,
    "aria-required": required,
    onBlur,
  };
}

// Help stands below, so that the inputs of a line are level.
const WRAPPER_ORDER: InputWrapperProps["inputWrapperOrder"] = [
  "label",
  "input",
  "error",
  "description",
];

function helpOf(field: FieldInfo): string | undefined {
  const zone = field.kind === "timestamp" ? `Time zone: ${zoneName()}.` : undefined;
  return [field.help, zone].filter(Boolean).join(" ") || undefined;
}
