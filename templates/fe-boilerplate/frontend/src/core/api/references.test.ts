import { describe, expect, test } from "vitest";
import { dependentTables, referencesOf, referrersOf } from "./references";

const declared = {
  schools: [],
  classes: [{ path: "school", fields: ["school_id"], table: "schools", targetFields: ["id"] }],
  grades: [
    { path: "class", fields: ["class_id", "year"], table: "classes", targetFields: ["id", "year"] },
    { path: "grade", fields: ["grade_id"], table: "grades", targetFields: ["id"] },
  ],
};

describe("references", () => {
  test("are named by their fields", () => {
    expect(referencesOf("grades", declared).map(({ name }) => name)).toEqual([
      "class_id+year",
      "grade_id",
    ]);
    expect(referencesOf("unknown", declared)).toEqual([]);
  });

  test("can be followed in the opposite direction", () => {
    expect(referrersOf("classes", declared)).toEqual([
      {
        table: "grades",
        reference: "class_id+year",
        fields: ["class_id", "year"],
        targetFields: ["id", "year"],
      },
    ]);
  });

  test("determine all dependent tables, also within cycles", () => {
    expect(dependentTables("schools", declared)).toEqual(["schools", "classes", "grades"]);
    expect(dependentTables("grades", declared)).toEqual(["grades"]);
  });
});
