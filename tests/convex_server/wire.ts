/** JSON as the backend writes it: numbers of values always have a point, since clients distinguish 1.0 from 1. */
import type { JSONValue } from "convex/values";

/** Marks the Convex values inside an answer; numbers elsewhere (status codes, versions) are not changed. */
export class ConvexJson {
  constructor(readonly value: JSONValue) {}
}

export type Answer = string | number | boolean | null | undefined | ConvexJson | Answer[] | { [key: string]: Answer };

export function encode(answer: Answer): string {
  if (answer instanceof ConvexJson) {
    return encodeValue(answer.value);
  }
  if (Array.isArray(answer)) {
    return `[${answer.map((each) => encode(each ?? null)).join(",")}]`;
  }
  if (answer !== null && typeof answer === "object") {
    const fields = Object.entries(answer).filter(([, each]) => each !== undefined);
    return `{${fields.map(([key, each]) => `${JSON.stringify(key)}:${encode(each)}`).join(",")}}`;
  }
  return JSON.stringify(answer ?? null);
}

function encodeValue(value: JSONValue): string {
  if (typeof value === "number") {
    return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map(encodeValue).join(",")}]`;
  }
  if (value !== null && typeof value === "object") {
    const fields = Object.entries(value as Record<string, JSONValue>);
    return `{${fields.map(([key, each]) => `${JSON.stringify(key)}:${encodeValue(each)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
