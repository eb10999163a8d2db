import { describe, expect, it } from "vitest";
import { decodeText, readCsv } from "./csv-text";

describe("a CSV file", () => {
  it("has a header and rows with the numbers of their lines", () => {
    expect(readCsv("\ufeffName, Fee\r\nAni,10\r\n,\r\nBudi,20\r\n")).toEqual({
      header: ["Name", "Fee"],
      rows: [
        { line: 2, cells: ["Ani", "10"] },
        { line: 4, cells: ["Budi", "20"] },
      ],
      separator: ",",
    });
  });

  it("may be separated by semicolons or tabs, and quote its cells", () => {
    const { separator, rows } = readCsv('a;b\n"1;""2""\nx";3');
    expect([separator, rows[0]?.cells]).toEqual([";", ['1;"2"\nx', "3"]]);
    expect(readCsv("a\tb\n1\t2").separator).toBe("\t");
  });

  it("has different titles for all of its columns", () => {
    expect(readCsv("Name,,Name\n").header).toEqual(["Name", "Column 2", "Name (3)"]);
  });

  it("may be empty", () => {
    expect(readCsv("").rows).toEqual([]);
  });

  it("is UTF-8, or else of Windows", () => {
    expect(decodeText(new TextEncoder().encode("Ñoño").buffer)).toBe("Ñoño");
    expect(decodeText(new Uint8Array([0xd1, 0x6f]).buffer)).toBe("Ño");
  });
});
