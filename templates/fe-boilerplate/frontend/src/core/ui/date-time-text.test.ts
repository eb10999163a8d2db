import { describe, expect, it } from "vitest";
import {
  datePattern,
  dateTimePattern,
  formatInputDate,
  formatInputDateTime,
  parseInputDate,
  parseInputDateTime,
} from "./date-time-text";

const LOCALES = ["en-GB", "en-US", "de-DE", "id-ID", "ko-KR", "sv-SE", "hu-HU", "ar-EG", "th-TH"];

describe("a date", () => {
  it.each([
    ["en-GB", "31/01/2024", "DD/MM/YYYY"],
    ["en-US", "01/31/2024", "MM/DD/YYYY"],
    ["de-DE", "31.01.2024", "DD.MM.YYYY"],
    ["sv-SE", "2024-01-31", "YYYY-MM-DD"],
    ["th-TH", "31/01/2024", "DD/MM/YYYY"],
  ])("is formatted in %s as %s", (locale, formatted, pattern) => {
    expect(formatInputDate("2024-01-31", locale)).toBe(formatted);
    expect(datePattern(locale)).toBe(pattern);
  });

  it.each(LOCALES)("is parsed in %s as it is formatted, for any year", (locale) => {
    for (const date of ["2024-02-29", "0099-12-31", "9999-01-02"])
      expect(parseInputDate(formatInputDate(date, locale), locale)).toBe(date);
  });

  it.each(["31/1/2024", "31-01-2024", "31 1 2024", "31.01.2024", "31012024", "2024-01-31"])(
    "is parsed from %s",
    (text) => {
      expect(parseInputDate(text, "en-GB")).toBe("2024-01-31");
    },
  );

  it.each(["", "5", "31/01", "31/01/20", "30/02/2024", "01/31/2024", "today"])(
    "is not parsed from %s",
    (text) => {
      expect(parseInputDate(text, "en-GB")).toBeUndefined();
    },
  );
});

describe("a date and time", () => {
  it("is formatted with a 12-hour or 24-hour clock", () => {
    expect(formatInputDateTime("2024-01-31T20:05", "en-GB")).toBe("31/01/2024 20:05");
    expect(formatInputDateTime("2024-01-31T20:05:09", "en-US")).toBe("01/31/2024 8:05:09 PM");
    expect(formatInputDateTime("2024-01-31T00:05", "en-US")).toBe("01/31/2024 12:05 AM");
    expect(dateTimePattern("en-GB")).toBe("DD/MM/YYYY HH:MM");
    expect(dateTimePattern("en-US")).toBe("MM/DD/YYYY H:MM AM");
  });

  it.each(LOCALES)("is parsed in %s as it is formatted, to the last digit", (locale) => {
    for (const time of ["00:00", "12:30", "23:59:59", "08:00:00.123456"]) {
      const value = `2024-01-31T${time}`;
      expect(parseInputDateTime(formatInputDateTime(value, locale), locale)).toBe(value);
    }
  });

  it.each([
    ["31/01/2024, 8:05", "2024-01-31T08:05"],
    ["31/01/2024 08.05", "2024-01-31T08:05"],
    ["31/01/2024 8:05 p.m.", "2024-01-31T20:05"],
    ["2024-01-31T08:05:00", "2024-01-31T08:05:00"],
  ])("is parsed from %s", (text, value) => {
    expect(parseInputDateTime(text, "en-GB")).toBe(value);
  });

  it.each(["", "31/01/2024", "31/01/2024 24:00", "31/01/2024 8", "31/01/2024 13:00 PM", "8:00"])(
    "is not parsed from %s",
    (text) => {
      expect(parseInputDateTime(text, "en-GB")).toBeUndefined();
    },
  );
});
