/** Form inputs by field type. Their value is a draft: the text as typed, the state of a switch, or the items of a list. */

import {
  MultiSelect,
  PasswordInput,
  Select,
  Switch,
  TagsInput,
  Textarea,
  TextInput,
} from "@mantine/core";
import type { ReactNode } from "react";
import { t } from "../language/messages";
import { DateTimeInput } from "./date-time-input";
import { isDateTime, isNumber } from "./fields";
import { FileField } from "./file-field";
import { isList } from "./form-values";
import { common } from "./input-props";
import { JsonField } from "./json-field";
import { NumberField } from "./number-field";
import type { FieldInfo, InputProps } from "./page";

/** The input of a field: the one from the table's `customize.tsx`, or else one for its type. */
export function FieldInput(props: InputProps): ReactNode {
  const { field } = props;
  if (field.input) return <field.input {...props} />;
  if (field.kind === "boolean") return field.nullable ? <YesNo {...props} /> : <OnOff {...props} />;
  if (isList(field) && typeof props.value !== "string")
    return field.choices ? <Choices {...props} /> : <Tags {...props} />;
  if (field.kind === "json" || field.kind === "array") return <JsonField {...props} />;
  if (field.kind === "bytes") return <FileField {...props} />;
  if (field.choices) return <Choice {...props} />;
  if (field.format === "secret") return <Secret {...props} />;
  if (isNumber(field.kind)) return <NumberField {...props} />;
  if (isDateTime(field.kind)) return <DateTime {...props} />;
  if (field.long) return <LongText {...props} />;
  return <Text {...props} />;
}

const FORMATS: Readonly<Record<string, string>> = { email: "email", phone: "tel", url: "url" };

function Text(props: InputProps) {
  const { field, value, onChange } = props;
  return (
    <TextInput
      {...common(props)}
      type={FORMATS[field.format ?? ""] ?? "text"}
      placeholder={placeholder(field)}
      value={String(value ?? "")}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function DateTime(props: InputProps) {
  const { field, value, onChange } = props;
  return (
    <DateTimeInput
      {...common(props)}
      kind={field.kind}
      noun={field.label}
      placeholder={placeholder(field)}
      clearable={field.nullable || field.optional}
      value={String(value ?? "")}
      onChange={onChange}
    />
  );
}

/** Return a placeholder that shows the format of a duration, or that the server assigns a default. */
function placeholder(field: FieldInfo): string | undefined {
  if (field.kind === "interval") return "P1DT2H30M";
  if (field.kind === "span") return "HH:MM:SS";
  return field.optional && !field.nullable && field.initial === undefined
    ? t("input.automatic")
    : undefined;
}

function LongText(props: InputProps) {
  const { value, onChange } = props;
  return (
    <Textarea
      {...common(props)}
      autosize
      minRows={3}
      maxRows={12}
      value={String(value ?? "")}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function Secret(props: InputProps) {
  const { value, onChange } = props;
  return (
    <PasswordInput
      {...common(props)}
      autoComplete="new-password"
      visibilityToggleButtonProps={{
        "aria-label": t("input.toggle", { field: props.field.label }),
      }}
      value={String(value ?? "")}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function Choice(props: InputProps) {
  const { field, value, onChange } = props;
  const choices = field.choices ?? [];
  return (
    <Select
      {...common(props)}
      data={[...choices]}
      searchable={choices.length > SEARCH_THRESHOLD}
      openOnFocus={false}
      clearable={field.nullable || field.optional}
      allowDeselect={false}
      clearButtonProps={{ "aria-label": t("input.clear", { field: field.label }) }}
      value={value === "" ? null : String(value ?? "")}
      onChange={(chosen) => onChange(chosen ?? "")}
    />
  );
}

const SEARCH_THRESHOLD = 8; // choices

function YesNo(props: InputProps) {
  const { field, value, onChange } = props;
  return (
    <Select
      {...common(props)}
      data={[
        { value: "true", label: t("yes") },
        { value: "false", label: t("no") },
      ]}
      clearable
      clearButtonProps={{ "aria-label": t("input.clear", { field: field.label }) }}
      value={typeof value === "boolean" ? String(value) : null}
      onChange={(chosen) => onChange(chosen === null ? null : chosen === "true")}
    />
  );
}

function OnOff(props: InputProps) {
  const { field, value, onChange, onBlur, error } = props;
  return (
    <Switch
      name={field.name}
      label={field.label}
      description={field.help}
      error={error}
      mt={26}
      checked={value === true}
      onChange={(event) => onChange(event.currentTarget.checked)}
      onBlur={onBlur}
    />
  );
}

function Choices(props: InputProps) {
  const { field, value, onChange } = props;
  return (
    <MultiSelect
      {...common(props)}
      data={[...(field.choices ?? [])]}
      clearable
      clearButtonProps={{ "aria-label": t("input.clear", { field: field.label }) }}
      value={Array.isArray(value) ? [...value] : []}
      onChange={onChange}
    />
  );
}

function Tags(props: InputProps) {
  const { field, value, onChange } = props;
  const items = Array.isArray(value) ? value : [];
  return (
    <TagsInput
      {...common(props)}
      placeholder={items.length === 0 ? t("input.tags") : undefined}
      acceptValueOnBlur
      clearable
      clearButtonProps={{ "aria-label": t("input.clear", { field: field.label }) }}
      splitChars={[]}
      value={[...items]}
      onChange={onChange}
    />
  );
}
