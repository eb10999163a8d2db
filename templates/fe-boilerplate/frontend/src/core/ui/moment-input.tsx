import { CloseButton, type InputWrapperProps } from "@mantine/core";
import { DateInput, type DayOfWeek, TimeInput } from "@mantine/dates";
import "@mantine/dates/styles.css";
import classes from "./moment-input.module.css";
import type { Kind } from "./page";
import { dayForm, dayTimeForm, readDay, readDayTime, showDay, showDayTime } from "./typed-moments";

interface Props
  extends Pick<
    InputWrapperProps,
    "label" | "description" | "error" | "errorProps" | "inputWrapperOrder" | "withAsterisk"
  > {
  readonly kind: Kind;
  /** `2024-01-31`, `08:00`, `2024-01-31T08:00`, or what was typed and is none of them. */
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onBlur?: () => void;
  readonly name?: string;
  readonly placeholder?: string;
  readonly clearable?: boolean;
  readonly "aria-required"?: boolean;
  readonly "data-autofocus"?: boolean;
  /** What it is called in the name of its clear button. */
  readonly noun: string;
  /** Whether it stands in a box that closes at a click outside of it. */
  readonly isWithin?: boolean;
}

/** Takes a date, a time, or both: typed as people write them, a day also from a calendar. */
export function MomentInput(props: Props) {
  return props.kind === "time" ? <Clock {...props} /> : <Day {...props} />;
}

/** Whether text of this kind is one, as it stands in `value`. */
export function isTyped(kind: Kind, value: string): boolean {
  return kind === "time" || (kind === "date" ? readDay : readDayTime)(value) === value;
}

/** The browser's own input of times knows its language's clock. It keeps no more than thousandths. */
function Clock({ kind: _, value, onChange, clearable, isWithin, noun, ...props }: Props) {
  return (
    <TimeInput
      {...props}
      value={value}
      withSeconds={value.length > "08:00".length}
      step={value.includes(".") ? 0.001 : undefined}
      onChange={(event) => onChange(event.currentTarget.value)}
      rightSection={
        clearable &&
        value && <CloseButton size="sm" aria-label={`Clear ${noun}`} onClick={() => onChange("")} />
      }
    />
  );
}

/**
 * What is typed is read here and not by the input, which would put its last date back in place of what it cannot read:
 * so it stays, and is told to be wrong. A day from the calendar leaves the time as it is.
 */
function Day({ kind, value, onChange, clearable, isWithin, noun, ...props }: Props) {
  const isDay = kind === "date";
  const isRead = isTyped(kind, value);
  const pick = (day: string | null) => {
    const time = isRead ? value.slice(DAY_LENGTH + 1) : "";
    onChange(day === null ? "" : isDay ? day : `${day}T${time || MIDNIGHT}`);
  };
  const type = (text: string) => onChange((isDay ? readDay : readDayTime)(text) ?? text.trim());
  return (
    <DateInput
      {...props}
      placeholder={props.placeholder ?? (isDay ? dayForm() : dayTimeForm())}
      value={isRead ? value.slice(0, DAY_LENGTH) : null}
      valueFormat={() => (isDay ? showDay : showDayTime)(value)}
      dateParser={() => null}
      fixOnBlur={isRead}
      onInput={(event) => type(event.currentTarget.value)}
      onChange={pick}
      clearable={clearable}
      allowDeselect={false}
      clearButtonProps={{ "aria-label": `Clear ${noun}` }}
      classNames={{ day: classes.day ?? "" }}
      firstDayOfWeek={FIRST_DAY}
      monthLabelFormat={(day) => MONTH.format(new Date(day))}
      yearLabelFormat={(day) => YEAR.format(new Date(day))}
      monthsListFormat={(day) => SHORT_MONTH.format(new Date(day))}
      weekdayFormat={(day) => WEEKDAY.format(new Date(day))}
      ariaLabels={CONTROLS}
      popoverProps={{ withinPortal: !isWithin, transitionProps: GONE_AT_ONCE }}
    />
  );
}

const DAY_LENGTH = "2024-01-31".length;
const MIDNIGHT = "00:00";
const CALENDAR = { calendar: "gregory", timeZone: "UTC" } as const;
const MONTH = new Intl.DateTimeFormat(undefined, { ...CALENDAR, month: "long", year: "numeric" });
const YEAR = new Intl.DateTimeFormat(undefined, { ...CALENDAR, year: "numeric" });
const SHORT_MONTH = new Intl.DateTimeFormat(undefined, { ...CALENDAR, month: "short" });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { ...CALENDAR, weekday: "short" });
const FIRST_DAY = firstDayOfWeek();

/** Where the browser does not know on which day its language's weeks begin: Monday. */
function firstDayOfWeek(): DayOfWeek {
  const locale = new Intl.Locale(MONTH.resolvedOptions().locale);
  return (("getWeekInfo" in locale ? locale.getWeekInfo().firstDay : 1) % 7) as DayOfWeek;
}

// Nothing is to be clicked through a calendar that fades away.
const GONE_AT_ONCE = { duration: 0 };

const CONTROLS = {
  nextMonth: "Next month",
  previousMonth: "Previous month",
  nextYear: "Next year",
  previousYear: "Previous year",
  nextDecade: "Next decade",
  previousDecade: "Previous decade",
};
