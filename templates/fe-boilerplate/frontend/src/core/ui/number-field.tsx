import { ActionIcon, Stack, TextInput } from "@mantine/core";
import type { KeyboardEvent } from "react";
import { t } from "../language/messages";
import { isWhole } from "./fields";
import { ChevronDownIcon, ChevronUpIcon } from "./icons";
import { common } from "./input-props";
import { formatInputNumber, parseInputNumber } from "./number-text";
import type { InputProps } from "./page";

/**
 * Input for a number as text, so that no digit is lost.
 *
 * The arrow keys and the buttons change it by one, with Shift by ten.
 */
export function NumberField(props: InputProps) {
  const { field, value, onChange } = props;
  const text = String(value ?? "");
  const move = (by: bigint) => onChange(formatInputNumber(stepped(parseInputNumber(text), by)));
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = { ArrowUp: 1n, ArrowDown: -1n }[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    move(direction * (event.shiftKey ? 10n : 1n));
  };
  return (
    <TextInput
      {...common(props)}
      inputMode={isWhole(field.kind) ? "numeric" : "decimal"}
      autoComplete="off"
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={onKeyDown}
      rightSection={
        <Stack gap={0}>
          <Step label={t("input.increase", { field: field.label })} onClick={() => move(1n)}>
            <ChevronUpIcon size={12} />
          </Step>
          <Step label={t("input.decrease", { field: field.label })} onClick={() => move(-1n)}>
            <ChevronDownIcon size={12} />
          </Step>
        </Stack>
      }
    />
  );
}

interface StepProps {
  readonly label: string;
  readonly onClick: () => void;
  readonly children: React.ReactNode;
}

/** A button for the mouse; it is not focusable, since the arrow keys do the same. */
function Step({ label, onClick, children }: StepProps) {
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={15}
      tabIndex={-1}
      aria-label={label}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onClick}
    >
      {children}
    </ActionIcon>
  );
}

/** Return a number plus a whole number, with the same decimal places; other text is returned unchanged. */
export function stepped(text: string, by: bigint): string {
  const match = /^\s*([+-]?)(\d*)(?:\.(\d*))?\s*$/.exec(text);
  if (!match) return text;
  const [, sign = "", whole = "", fraction = ""] = match;
  const scale = 10n ** BigInt(fraction.length);
  const units = BigInt(`${sign === "-" ? "-" : ""}${whole}${fraction}` || "0") + by * scale;
  const digits = String(units < 0n ? -units : units).padStart(fraction.length + 1, "0");
  const point = digits.length - fraction.length;
  const decimals = fraction ? `.${digits.slice(point)}` : "";
  return `${units < 0n ? "-" : ""}${digits.slice(0, point)}${decimals}`;
}
