import { CloseButton, type InputWrapperProps } from "@mantine/core";
import { DateInput, type DayOfWeek, TimeInput } from "@mantine/dates";
import "@mantine/dates/styles.css";
import { formatLocale } from "../language/language";
import { t } from "../language/messages";
import classes from "./date-time-input.module.css";
import {
  datePattern,
  dateTimePattern,
  formatInputDate,
  formatInputDateTime,
  parseInputDate,
  parseInputDateTime,
} from "./date-time-text";
import type { Kind } from "./page";

interface Props
  extends Pick<
    InputWrapperProps,
    "label" | "description" | "error" | "errorProps" | "inputWrapperOrder" | "withAsterisk"
  > {
  readonly kind: Kind;
  /** A date, a time or both (`2024-01-31`, `08:00`, `2024-01-31T08:00`), or the text as typed if it is incomplete. */
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onBlur?: () => void;
  readonly name?: string;
  readonly placeholder?: string;
  readonly clearable?: boolean;
  readonly "aria-required"?: boolean;
  readonly "data-autofocus"?: boolean;
  /** The noun in the label of the clear button. */
  readonly noun: string;
  /** Whether it is inside a popover, which closes on a click outside of it. */
  readonly isInPopover?: boolean;
}

/** Input for a date, a time or both, typed in the format of the locale or picked from a calendar. */
export function DateTimeInput(props: Props) {
  return props.kind === "time" ? <Time {...props} /> : <Calendar {...props} />;
}

/** Whether a value is a complete date or date and time. Times are always complete. */
export function isComplete(kind: Kind, value: string): boolean {
  return (
    kind === "time" || (kind === "date" ? parseInputDate : parseInputDateTime)(value) === value
  );
}

/** The browser's time input, which follows the locale. It supports milliseconds at most. */
function Time({ kind: _, value, onChange, clearable, isInPopover, noun, ...props }: Props) {
  return (
    <TimeInput
      {...props}
      value={value}
      withSeconds={value.length > "08:00".length}
      step={value.includes(".") ? 0.001 : undefined}
      onChange={(event) => onChange(event.currentTarget.value)}
      rightSection={
        clearable &&
        value && (
          <CloseButton
            size="sm"
            aria-label={t("input.clear", { field: noun })}
            onClick={() => onChange("")}
          />
        )
      }
    />
  );
}

/**
 * Typed text is parsed here rather than by `DateInput`, which would replace text that it cannot parse by the previous
 * date. So invalid text remains and is reported. Picking a date from the calendar preserves the time.
 */
function Calendar({ kind, value, onChange, clearable, isInPopover, noun, ...props }: Props) {
  const isDate = kind === "date";
  const isValid = isComplete(kind, value);
  const pick = (date: string | null) => {
    const time = isValid ? value.slice(DATE_LENGTH + 1) : "";
    onChange(date === null ? "" : isDate ? date : `${date}T${time || MIDNIGHT}`);
  };
  const type = (text: string) =>
    onChange((isDate ? parseInputDate : parseInputDateTime)(text) ?? text.trim());
  return (
    <DateInput
      {...props}
      placeholder={props.placeholder ?? (isDate ? datePattern() : dateTimePattern())}
      value={isValid ? value.slice(0, DATE_LENGTH) : null}
      valueFormat={() => (isDate ? formatInputDate : formatInputDateTime)(value)}
      dateParser={() => null}
      fixOnBlur={isValid}
      onInput={(event) => type(event.currentTarget.value)}
      onChange={pick}
      clearable={clearable}
      allowDeselect={false}
      clearButtonProps={{ "aria-label": t("input.clear", { field: noun }) }}
      classNames={{ day: classes.day ?? "" }}
      firstDayOfWeek={FIRST_DAY}
      monthLabelFormat={(day) => MONTH.format(new Date(day))}
      yearLabelFormat={(day) => YEAR.format(new Date(day))}
      monthsListFormat={(day) => SHORT_MONTH.format(new Date(day))}
      weekdayFormat={(day) => WEEKDAY.format(new Date(day))}
      ariaLabels={controls()}
      popoverProps={{ withinPortal: !isInPopover, transitionProps: NO_TRANSITION }}
    />
  );
}

const DATE_LENGTH = "2024-01-31".length;
const MIDNIGHT = "00:00";
const CALENDAR = { calendar: "gregory", timeZone: "UTC" } as const;
const MONTH = new Intl.DateTimeFormat(formatLocale, {
  ...CALENDAR,
  month: "long",
  year: "numeric",
});
const YEAR = new Intl.DateTimeFormat(formatLocale, { ...CALENDAR, year: "numeric" });
const SHORT_MONTH = new Intl.DateTimeFormat(formatLocale, { ...CALENDAR, month: "short" });
const WEEKDAY = new Intl.DateTimeFormat(formatLocale, { ...CALENDAR, weekday: "short" });
const FIRST_DAY = firstDayOfWeek();

/** Return the first day of the week in the browser's locale; Monday if the browser does not provide it. */
function firstDayOfWeek(): DayOfWeek {
  const locale = new Intl.Locale(MONTH.resolvedOptions().locale);
  return (("getWeekInfo" in locale ? locale.getWeekInfo().firstDay : 1) % 7) as DayOfWeek;
}

// While the calendar fades out, it would intercept clicks on the elements below it.
const NO_TRANSITION = { duration: 0 };

const controls = () => ({
  nextMonth: t("calendar.nextMonth"),
  previousMonth: t("calendar.previousMonth"),
  nextYear: t("calendar.nextYear"),
  previousYear: t("calendar.previousYear"),
  nextDecade: t("calendar.nextDecade"),
  previousDecade: t("calendar.previousDecade"),
});
