import { describe, expect, test } from "vitest";
import { referencesOf, referrersOf, touchedBy } from "./references";

const told = {
  schools: [],
  classes: [{ fields: ["school_id"], table: "schools", targetFields: ["id"] }],
  grades: [
    { fields: ["class_id", "year"], table: "classes", targetFields: ["id", "year"] },
    { fields: ["grade_id"], table: "grades", targetFields: ["id"] },
  ],
};

describe("references", () => {
  test("are named as a list expands them", () => {
    expect(referencesOf("grades", told).map(({ name }) => name)).toEqual([
      "class_id+year",
      "grade_id",
    ]);
    expect(referencesOf("unknown", told)).toEqual([]);
  });

  test("are seen from the other end", () => {
    expect(referrersOf("classes", told)).toEqual([
      {
        table: "grades",
        reference: "class_id+year",
        fields: ["class_id", "year"],
        targetFields: ["id", "year"],
      },
    ]);
  });

  test("say how far a change goes, circles included", () => {
    expect(touchedBy("schools", told)).toEqual(["schools", "classes", "grades"]);
    expect(touchedBy("grades", told)).toEqual(["grades"]);
  });
});
