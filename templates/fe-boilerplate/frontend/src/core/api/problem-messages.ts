/** What the backend says about fields, in the language of the interface. In English it is what the backend wrote. */

import { language } from "../language/language";
import { t } from "../language/messages";
import { constraintText } from "./rules";

const BACKEND_LANGUAGE = "en";

const BY_CODE = {
  check: "problem.check",
  exclusion: "problem.exclusion",
  forbidden: "problem.forbidden",
  foreign_key: "problem.foreignKey",
  json_invalid: "field.json",
  malformed: "problem.malformed",
  missing: "field.required",
  not_found: "field.notFound",
  unique: "problem.unique",
} as const;

/** Return the message of an error with a code; that of a rule is its sentence. */
export function messageOf(code: string, message: string, constraint: string | undefined): string {
  if (language === BACKEND_LANGUAGE) return message;
  const rule = code === "check" && constraint ? constraintText(constraint) : undefined;
  const key = BY_CODE[code as keyof typeof BY_CODE];
  return rule ?? (key ? t(key) : message);
}

const BY_STATUS = {
  401: "problem.unauthorized",
  403: "problem.notAllowed",
  404: "problem.notFound",
  409: "problem.conflict",
  412: "problem.outdated",
  413: "problem.tooLarge",
  422: "problem.invalid",
  429: "problem.tooMany",
  500: "problem.unexpected",
  503: "problem.busy",
  504: "problem.tooSlow",
} as const;

/** Return the detail of an error response with a status. */
export function detailOf(status: number, detail: string): string {
  const key = BY_STATUS[status as keyof typeof BY_STATUS];
  return language === BACKEND_LANGUAGE || !key ? detail : t(key);
}
