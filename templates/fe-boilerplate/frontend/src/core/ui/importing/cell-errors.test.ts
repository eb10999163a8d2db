import { expect, it } from "vitest";
import { pupils } from "../testing/pupils";
import { errorSentence, errorsCsv } from "./cell-errors";

const error = (field: string, code: string, value: string, message = "Input is wrong") => ({
  row: 3,
  column: "B",
  field,
  code,
  value,
  message,
});

it("says what is wrong with a cell in the words of the form", () => {
  const errors = [
    error("fee", "decimal_parsing", "much"),
    error("name", "missing", ""),
    error("name", "not_found", "Ani"),
    error("name", "repeated", "Ani", "is the same as in row 12"),
    error("name", "unique", "Ani", "is already taken"),
    error("left_on", "check", "1/1/2020", "`left_on` must be after `born_on`"),
  ];
  expect(errors.map((one) => errorSentence(pupils, one))).toEqual([
    "Fee must be a number",
    "Name is required",
    "Name was not found",
    "Name is the same as in row 12",
    "Name is already taken",
    "Left on must be after Born on",
  ]);
});

it("saves the errors as a file in which no value is a formula", async () => {
  const file = errorsCsv(pupils, [error("fee", "decimal_parsing", '=1+"1"')]);
  const bytes = new Uint8Array(await file.arrayBuffer());
  expect([...bytes.slice(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
  expect(new TextDecoder().decode(bytes)).toBe(
    '"Row","Column","Value","Error"\r\n"3","B","\'=1+""1""","Fee must be a number"\r\n',
  );
});
