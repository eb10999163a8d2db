import { fireEvent, screen, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { renderAt } from "../../test/render";
import { server } from "../../test/server";
import { labelFor } from "../data-table";
import { enteredFields, type FormEntry, formEntries } from "../form-entries";
import { FormScreen } from "../form-screen";
import { ListScreen } from "../list-screen";
import type { AnyPage, FieldInfo, Row } from "../page";
import { sampleRow } from "./sample-row";

const SLOW = 30_000; // milliseconds that a busy machine may take

/** Hold the pages of a table to what every table's pages do. */
export function testPage(page: AnyPage): void {
  describe(`pages of ${page.nav.label}`, { timeout: SLOW }, () => {
    it("list rows under the columns' labels", async () => {
      answerWith(page, sampleRow(page));
      const { container } = renderAt(<ListScreen page={page} />, `/${page.nav.name}`);
      await appears(() => container.querySelector("tbody tr"));
      const heads = [...container.querySelectorAll("th")].map(({ textContent }) => textContent);
      expect(heads).toEqual(
        expect.arrayContaining(page.columns.map((name) => labelFor(page, name))),
      );
    });

    // Rows of a table without a key, and of a view, are only looked at.
    if (page.table.writable)
      it("ask for every field, and insist on the required", async () => {
        const { container } = renderAt(<FormScreen page={page} />, `/${page.nav.name}/new`);
        await appears(() => container.querySelector("form"));
        const labels = [...container.querySelectorAll("label")].map(({ textContent }) =>
          textContent?.replace(/ \*$/, ""),
        );
        const entries = formEntries(page, true);
        const asked = entries.filter(isAlone).map(({ field }) => field.label);
        expect(labels).toEqual(expect.arrayContaining(asked));
        const needed = enteredFields(page, entries).filter(isNeeded);
        if (needed.length === 0) return;
        fireEvent.click(screen.getByText("Save"));
        const told = entries.filter(({ field }) => needed.includes(field));
        for (const { field } of told)
          await appears(() => screen.queryByText(`${field.label} is required`));
      });
  });
}

async function appears(find: () => unknown): Promise<void> {
  await waitFor(() => expect(find()).toBeTruthy(), { timeout: SLOW });
}

function answerWith(page: AnyPage, row: Row): void {
  server.use(
    http.get(`*${page.table.path}`, ({ request }) => {
      const names = new URL(request.url).searchParams.get("expand")?.split(",") ?? [];
      const expanded = Object.fromEntries(names.map((name) => [name, []]));
      return HttpResponse.json({ items: [row], total: 1, limit: 25, offset: 0, expanded });
    }),
  );
}

/** A reference of several fields is called after the table that it leads to. */
function isAlone({ reference }: FormEntry): boolean {
  return (reference?.fields.length ?? 1) === 1;
}

/** A new row cannot do without it, and its input is empty at first. */
function isNeeded(field: FieldInfo): boolean {
  const isFilled =
    field.initial !== undefined || field.kind === "boolean" || field.kind === "array";
  return !field.nullable && !field.optional && !isFilled;
}
