import { fireEvent, screen, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { renderAt } from "../../test/render";
import { server } from "../../test/server";
import { labelFor } from "../data-columns";
import { enteredFields, type FormEntry, formEntries } from "../form-entries";
import { FormScreen } from "../form-screen";
import { ListScreen } from "../list-screen";
import type { AnyPage, FieldInfo, Row } from "../page";
import { sampleRow } from "./sample-row";

const TIMEOUT = 120_000; // milliseconds, enough for a machine under load

/** Test the pages of a table. */
export function testPage(page: AnyPage): void {
  describe(`pages of ${page.nav.label}`, { timeout: TIMEOUT }, () => {
    it("show a list with the labels of its columns", async () => {
      answerWith(page, sampleRow(page));
      const { container } = renderAt(<ListScreen page={page} />, `/${page.nav.name}`);
      await appears(() => container.querySelector("tbody tr"));
      const heads = [...container.querySelectorAll("th")].map(({ textContent }) => textContent);
      expect(heads).toEqual(
        expect.arrayContaining(page.columns.map((name) => labelFor(page, name))),
      );
    });

    // Tables without a key are read-only.
    if (page.table.writable)
      it("show a form with every field, and validate the required ones", async () => {
        const { container } = renderAt(<FormScreen page={page} />, `/${page.nav.name}/new`);
        await appears(() => container.querySelector("form"));
        const labels = [...container.querySelectorAll("label")].map(({ textContent }) =>
          textContent?.replace(/ \*$/, ""),
        );
        const entries = formEntries(page, true);
        const expected = entries.filter(isSingle).map(({ field }) => field.label);
        expect(labels).toEqual(expect.arrayContaining(expected));
        const required = enteredFields(page, entries).filter(isRequired);
        if (required.length === 0) return;
        fireEvent.click(screen.getByText("Save"));
        const reported = entries.filter(({ field }) => required.includes(field));
        for (const { field } of reported)
          await appears(() => screen.queryByText(`${field.label} is required`));
      });
  });
}

async function appears(find: () => unknown): Promise<void> {
  await waitFor(() => expect(find()).toBeTruthy(), { timeout: TIMEOUT });
}

function answerWith(page: AnyPage, row: Row): void {
  server.use(
    http.get(`*${page.table.path}`, ({ request }) => {
      const names = new URL(request.url).searchParams.get("expand")?.split(",") ?? [];
      const expanded = Object.fromEntries(names.map((name) => [name, []]));
      const place = { limit: 25, offset: 0, next: null };
      return HttpResponse.json({ items: [row], total: 1, total_is: "exact", ...place, expanded });
    }),
  );
}

/** Whether an entry has the label of its field. Composite references have the label of their table. */
function isSingle({ reference }: FormEntry): boolean {
  return (reference?.fields.length ?? 1) === 1;
}

/** Whether a field of a new row is required and has no initial value. */
function isRequired(field: FieldInfo): boolean {
  const isFilled =
    field.initial !== undefined || field.kind === "boolean" || field.kind === "array";
  return !field.nullable && !field.optional && !isFilled;
}
