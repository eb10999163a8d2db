import { memo, useEffect, useId, useRef, useState } from "react";
import { t } from "../../language/messages";
import type { Draft, FieldInfo } from "../page";
import type { Option } from "../reference-options";
import { ReferenceSelect } from "../reference-select";
import { cellText, readCell } from "./cell-text";
import classes from "./child-grid.module.css";

export interface CellProps {
  readonly field: FieldInfo;
  readonly draft: Draft;
  readonly rowId: string;
  /** The position of the cell: its row and column, from 0. */
  readonly at: string;
  /** The name of the input for assistive technology. */
  readonly name: string;
  /** The label of the referenced row. */
  readonly label: string | undefined;
  readonly message: string | undefined;
  readonly isFixed: boolean;
  readonly isActive: boolean;
  /** Filters for the options of a reference. */
  readonly where: Readonly<Record<string, string>> | undefined;
  readonly onChange: (rowId: string, name: string, draft: Draft) => void;
  readonly onPick: (field: FieldInfo, option: Option) => void;
}

/** One cell of a grid: an input without a frame. Only the active cell of a reference has its search. */
export const GridCell = memo(function GridCell(props: CellProps) {
  const { message, at, field } = props;
  const id = useId();
  return (
    <td
      data-cell={at}
      className={classes.cell}
      data-invalid={message !== undefined || undefined}
      data-kind={field.kind}
    >
      <Editor {...props} describedBy={message === undefined ? undefined : id} />
      {message !== undefined && (
        <span id={id} className={classes.message}>
          {message}
        </span>
      )}
    </td>
  );
});

type EditorProps = CellProps & { readonly describedBy: string | undefined };

function Editor(props: EditorProps) {
  const { field, draft, rowId, label, isFixed, isActive, onChange } = props;
  if (isFixed) return <Fixed {...props} />;
  if (field.reference) {
    return isActive ? (
      <Reference {...props} />
    ) : (
      <Closed {...props} text={label ?? String(draft ?? "")} />
    );
  }
  if (field.choices) return <Choice {...props} options={field.choices} />;
  if (field.kind !== "boolean") return <Text {...props} />;
  if (field.nullable || typeof draft === "string") return <Choice {...props} options={yesNo()} />;
  return (
    <input
      {...common(props)}
      type="checkbox"
      checked={draft === true}
      onChange={(event) => onChange(rowId, field.name, event.currentTarget.checked)}
    />
  );
}

const yesNo = () => [
  { value: "true", label: t("yes") },
  { value: "false", label: t("no") },
];

function common({ name, message, describedBy }: EditorProps) {
  return {
    "aria-label": name,
    "aria-invalid": message !== undefined || undefined,
    "aria-describedby": describedBy,
  };
}

function Fixed(props: EditorProps) {
  const { field, draft, label } = props;
  const choice = field.choices?.find(({ value }) => value === draft)?.label;
  return <Closed {...props} text={label ?? choice ?? cellText(field, draft)} />;
}

function Closed({ text, ...props }: EditorProps & { readonly text: string }) {
  return <input {...common(props)} className={classes.input} readOnly value={text} />;
}

function Text(props: EditorProps) {
  const { field, draft, rowId, onChange } = props;
  const [typed, setTyped] = useState<string>();
  return (
    <input
      {...common(props)}
      className={classes.input}
      autoComplete="off"
      placeholder={field.optional && !field.nullable ? t("input.automatic") : undefined}
      value={typed ?? cellText(field, draft)}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        onChange(rowId, field.name, readCell(field, event.currentTarget.value));
      }}
      onFocus={(event) => event.currentTarget.select()} // what is typed replaces it
      onBlur={() => setTyped(undefined)}
    />
  );
}

interface ChoiceProps extends EditorProps {
  readonly options: readonly { readonly value: string; readonly label: string }[];
}

function Choice({ options, ...props }: ChoiceProps) {
  const { field, draft, rowId, onChange } = props;
  const value = cellText(field, draft);
  const isKnown = value === "" || options.some((option) => option.value === value);
  return (
    <select
      {...common(props)}
      className={classes.input}
      value={value}
      onChange={(event) => onChange(rowId, field.name, readCell(field, event.currentTarget.value))}
    >
      {(field.nullable || field.optional || value === "") && <option value="" />}
      {!isKnown && <option value={value}>{value}</option>}
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

function Reference(props: EditorProps) {
  const { field, draft, rowId, name, label, where, onChange, onPick } = props;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const input = box.current?.querySelector("input");
    input?.focus();
    input?.select();
  }, []);
  if (!field.reference) return null;
  const isUnknown = label === undefined;
  return (
    <div ref={box}>
      <ReferenceSelect
        aria-label={name}
        size="sm"
        variant="unstyled"
        inputClassName={classes.input}
        error={props.message !== undefined}
        reference={field.reference}
        values={draft === "" || isUnknown ? undefined : [String(draft)]}
        where={where ?? {}}
        clearable={field.nullable || field.optional}
        onChange={(values, option) => {
          if (option) onPick(field, option);
          onChange(rowId, field.name, values?.[0] ?? "");
        }}
      />
    </div>
  );
}
