import { Button, Group, Pill } from "@mantine/core";
import { t } from "../language/messages";
import { describeFilter, type Filters, isFiltered, withoutField } from "./filter-values";
import type { AnyPage, FieldInfo } from "./page";
import { labelOf, useRowLabels } from "./use-labels";

interface Props {
  readonly page: AnyPage;
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
}

/** The active filters of a list, including those of hidden columns. Each can be removed. */
export function ActiveFilters({ page, filters, onChange }: Props) {
  const fields = page.fields.filter((field) => isFiltered(field, filters));
  if (fields.length === 0) return null;
  return (
    <Group gap="xs" role="group" aria-label={t("filter.group")}>
      {fields.map((field) => (
        <FilterPill
          key={field.name}
          field={field}
          filters={filters}
          onRemove={() => onChange(withoutField(field, filters))}
        />
      ))}
      <Button size="compact-sm" variant="subtle" onClick={() => onChange({})}>
        {t("filter.clearAll")}
      </Button>
    </Group>
  );
}

interface PillProps {
  readonly field: FieldInfo;
  readonly filters: Filters;
  readonly onRemove: () => void;
}

function FilterPill({ field, filters, onRemove }: PillProps) {
  const { reference } = field;
  const value = filters[`${field.name}__eq`];
  const row = value === undefined ? undefined : { [field.name]: value };
  const labels = useRowLabels(reference ? [reference] : [], row);
  const label = reference && row && labelOf(labels, reference, row)?.text;
  return (
    <Pill
      size="md"
      withRemoveButton
      onRemove={onRemove}
      removeButtonProps={{
        "aria-label": t("filter.remove", { field: field.label }),
        "aria-hidden": false,
        tabIndex: 0,
      }}
    >
      {describeFilter(field, filters, label)}
    </Pill>
  );
}
