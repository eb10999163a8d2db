import { describe, expect, it } from "vitest";
import { dayForm, dayTimeForm, readDay, readDayTime, showDay, showDayTime } from "./typed-moments";

const LOCALES = ["en-GB", "en-US", "de-DE", "id-ID", "ko-KR", "sv-SE", "hu-HU", "ar-EG", "th-TH"];

describe("a day", () => {
  it.each([
    ["en-GB", "31/01/2024", "DD/MM/YYYY"],
    ["en-US", "01/31/2024", "MM/DD/YYYY"],
    ["de-DE", "31.01.2024", "DD.MM.YYYY"],
    ["sv-SE", "2024-01-31", "YYYY-MM-DD"],
    ["th-TH", "31/01/2024", "DD/MM/YYYY"],
  ])("is written in %s as %s", (locale, written, form) => {
    expect(showDay("2024-01-31", locale)).toBe(written);
    expect(dayForm(locale)).toBe(form);
  });

  it.each(LOCALES)("is read in %s as it is written, however early", (locale) => {
    for (const day of ["2024-02-29", "0099-12-31", "9999-01-02"])
      expect(readDay(showDay(day, locale), locale)).toBe(day);
  });

  it.each(["31/1/2024", "31-01-2024", "31 1 2024", "31.01.2024", "31012024", "2024-01-31"])(
    "is known from %s",
    (text) => {
      expect(readDay(text, "en-GB")).toBe("2024-01-31");
    },
  );

  it.each(["", "5", "31/01", "31/01/20", "30/02/2024", "01/31/2024", "today"])(
    "is not known from %s",
    (text) => {
      expect(readDay(text, "en-GB")).toBeUndefined();
    },
  );
});

describe("a date and time", () => {
  it("is written with the clock that people use", () => {
    expect(showDayTime("2024-01-31T20:05", "en-GB")).toBe("31/01/2024 20:05");
    expect(showDayTime("2024-01-31T20:05:09", "en-US")).toBe("01/31/2024 8:05:09 PM");
    expect(showDayTime("2024-01-31T00:05", "en-US")).toBe("01/31/2024 12:05 AM");
    expect(dayTimeForm("en-GB")).toBe("DD/MM/YYYY HH:MM");
    expect(dayTimeForm("en-US")).toBe("MM/DD/YYYY H:MM AM");
  });

  it.each(LOCALES)("is read in %s as it is written, to the last digit", (locale) => {
    for (const clock of ["00:00", "12:30", "23:59:59", "08:00:00.123456"]) {
      const moment = `2024-01-31T${clock}`;
      expect(readDayTime(showDayTime(moment, locale), locale)).toBe(moment);
    }
  });

  it.each([
    ["31/01/2024, 8:05", "2024-01-31T08:05"],
    ["31/01/2024 08.05", "2024-01-31T08:05"],
    ["31/01/2024 8:05 p.m.", "2024-01-31T20:05"],
    ["2024-01-31T08:05:00", "2024-01-31T08:05:00"],
  ])("is known from %s", (text, moment) => {
    expect(readDayTime(text, "en-GB")).toBe(moment);
  });

  it.each(["", "31/01/2024", "31/01/2024 24:00", "31/01/2024 8", "31/01/2024 13:00 PM", "8:00"])(
    "is not known from %s",
    (text) => {
      expect(readDayTime(text, "en-GB")).toBeUndefined();
    },
  );
});
