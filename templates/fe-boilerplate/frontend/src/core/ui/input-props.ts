import type { InputWrapperProps } from "@mantine/core";
import { t } from "../language/messages";
import { timeZoneName } from "./formats";
import type { FieldInfo, InputProps } from "./page";

/** Return the properties that all inputs share. */
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

// The description is below the input, so that inputs in the same row are aligned.
const WRAPPER_ORDER: InputWrapperProps["inputWrapperOrder"] = [
  "label",
  "input",
  "error",
  "description",
];

function helpOf(field: FieldInfo): string | undefined {
  const zone =
    field.kind === "timestamp" ? t("input.timeZone", { zone: timeZoneName() }) : undefined;
  return [field.help, zone].filter(Boolean).join(" ") || undefined;
}
