import { useController, useFormContext } from "react-hook-form";
import type { FormEntry } from "./form-entries";
import type { Drafts } from "./form-values";
import { FieldInput } from "./inputs";
import type { AnyPage, Draft } from "./page";
import { problemText } from "./problem-text";
import { ReferenceField } from "./reference-field";
import classes from "./row-form.module.css";

/** The type of errors from the server, which a change of another field does not remove. */
export const SERVER = "server";

/** One input of a form with its value and error message. It is required unless the server accepts its absence. */
export function FormInput({ page, entry }: { page: AnyPage; entry: FormEntry }) {
  const { control, formState, trigger } = useFormContext<Drafts>();
  const { field, fieldState } = useController({ control, name: entry.field.name });
  const info = entry.field;
  const change = (value: Draft) => {
    field.onChange(value);
    const others = Object.entries(formState.errors).filter(
      ([name, error]) => name !== info.name && error?.type !== SERVER,
    );
    if (others.length > 0) void trigger(others.map(([name]) => name)); // a rule may involve both fields
  };
  const props = {
    field: info,
    value: field.value ?? "",
    onChange: change,
    onBlur: field.onBlur,
    error: fieldState.error && problemText(page, info, fieldState.error.message ?? ""),
    required: !info.nullable && !info.optional && info.kind !== "boolean",
  };
  const isWide = info.long || info.kind === "json";
  return (
    <div
      ref={(element) => field.ref(element && { focus: () => inputOf(element)?.focus() })}
      className={isWide ? classes.wide : undefined}
    >
      {entry.reference && !info.input ? (
        <ReferenceField page={page} entry={entry} {...props} />
      ) : (
        <FieldInput {...props} />
      )}
    </div>
  );
}

/** Return the element that receives the focus when its field is invalid. */
function inputOf(element: HTMLElement): HTMLElement | null {
  return element.querySelector("input:not([type=hidden]), textarea, button");
}
