import { describe, expect, it } from "vitest";
import { formatInputNumber, parseInputNumber } from "./number-text";

describe("numbers", () => {
  it.each([
    ["id-ID", "87,5", "87.5"],
    ["id-ID", "87.5", "87.5"],
    ["id-ID", "1.250.000", "1250000"],
    ["id-ID", "1.250", "1250"],
    ["id-ID", "-1.250.000,75", "-1250000.75"],
    ["id-ID", ",5", ".5"],
    ["en-GB", "1,250,000", "1250000"],
    ["en-GB", "1.250", "1.250"],
    ["en-GB", "87,5", "87.5"],
    ["en-IN", "12,34,567.5", "1234567.5"],
    ["fr-FR", "1\u202f250,5", "1250.5"],
    ["de-CH", "1’250.5", "1250.5"],
    ["id-ID", " \u22125 ", "-5"],
    ["en-GB", "9007199254740993", "9007199254740993"],
    ["id-ID", "12.34.56", "12.34.56"],
    ["id-ID", "NaN", "NaN"],
    ["id-ID", "1e3", "1e3"],
    ["id-ID", "", ""],
  ])("of %s are read as they are shown: %s", (locale, text, number) => {
    expect(parseInputNumber(text, locale)).toBe(number);
  });

  it("are read back as they were formatted", () => {
    for (const locale of ["id-ID", "en-GB", "de-DE", "fr-FR", "ar-EG"]) {
      for (const number of ["1250000.75", "-0.125", "1.250", "7", "12.500"]) {
        const text = formatInputNumber(number, locale);
        expect(parseInputNumber(text, locale)).toBe(number);
      }
    }
  });

  it("that are none stay as they are", () => {
    expect(formatInputNumber("Infinity", "id-ID")).toBe("Infinity");
    expect(formatInputNumber("1.250.000", "id-ID")).toBe("1.250.000");
  });
});
