import { useFormContext, useWatch } from "react-hook-form";
import type { FormEntry } from "./form-entries";
import type { Drafts } from "./form-values";
import { common } from "./input-props";
import type { AnyPage, InputProps } from "./page";
import { ReferenceSelect } from "./reference-select";
import { navOf } from "./registry";

interface Props extends InputProps {
  readonly page: AnyPage;
  readonly entry: FormEntry;
}

/** The input of a reference. It sets all fields of the reference at once. */
export function ReferenceField({ page, entry, ...props }: Props) {
  const { reference, shared } = entry;
  const form = useFormContext<Drafts>();
  const names = reference?.fields ?? [];
  const drafts = useWatch({ control: form.control, name: [...names] }).map(String);
  if (!reference) return null;
  const isComplete = drafts.every((draft) => draft !== "" && draft !== "undefined");
  const where = Object.fromEntries(
    shared.flatMap((name) => {
      const at = names.indexOf(name);
      const draft = drafts[at];
      return draft ? [[`${reference.targetFields[at]}__eq`, draft]] : [];
    }),
  );
  const choose = (values: readonly string[] | undefined) => {
    for (const [at, name] of names.entries()) {
      if (name === props.field.name) props.onChange(values?.[at] ?? "");
      else if (values || !shared.includes(name)) {
        form.setValue(name, values?.[at] ?? "", { shouldDirty: true, shouldValidate: true });
      }
    }
  };
  const isRequired = props.required || names.some((name) => isRequiredField(page, name));
  return (
    <ReferenceSelect
      {...common({ ...props, required: isRequired })}
      label={
        names.length > 1
          ? (navOf(reference.table)?.labelSingular ?? props.field.label)
          : props.field.label
      }
      reference={reference}
      values={isComplete ? drafts : undefined}
      onChange={choose}
      where={where}
      clearable={!isRequired}
    />
  );
}

function isRequiredField(page: AnyPage, name: string): boolean {
  const field = page.byName.get(name);
  return field !== undefined && !field.nullable && !field.optional;
}
