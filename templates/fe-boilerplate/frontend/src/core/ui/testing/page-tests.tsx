import { fireEvent, screen, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { renderAt } from "../../test/render";
import { server } from "../../test/server";
import { labelFor } from "../data-table";
import { enteredFields, formEntries } from "../form-entries";
import { FormScreen } from "../form-screen";
import { ListScreen } from "../list-screen";
import type { AnyPage, FieldInfo, Row } from "../page";
import { sampleRow } from "./sample-row";

/** Hold the pages of a table to what every table's pages do. */
export function testPage(page: AnyPage): void {
  describe(`pages of ${page.nav.label}`, () => {
    it("list rows under the columns' labels", async () => {
      answerWith(page, sampleRow(page));
      renderAt(<ListScreen page={page} />, `/${page.nav.name}`);
      const table = await screen.findByRole("table", { name: page.nav.label });
      const heads = within(table).getAllByRole("columnheader");
      for (const name of page.columns) {
        const label = labelFor(page, name);
        expect(heads.some((head) => head.textContent === label)).toBe(true);
      }
      expect(within(table).getAllByRole("row")).toHaveLength(2);
    });

    it.runIf(page.table.writable)(
      "ask for every field, and for the required ones first",
      async () => {
        renderAt(<FormScreen page={page} />, `/${page.nav.name}/new`);
        const form = await screen.findByRole("form");
        const entries = formEntries(page, true);
        for (const { field } of entries.filter(
          ({ reference }) => (reference?.fields.length ?? 1) < 2,
        )) {
          expect(within(form).getAllByLabelText(label(field)).length).toBeGreaterThan(0);
        }
        const needed = enteredFields(page, entries).filter(isNeeded);
        if (needed.length === 0) return;
        fireEvent.click(within(form).getByRole("button", { name: "Save" }));
        expect(await within(form).findAllByText(/ is required$/)).toHaveLength(needed.length);
      },
    );
  });
}

function answerWith(page: AnyPage, row: Row): void {
  server.use(
    http.get(`*${page.table.path}`, ({ request }) => {
      const expand = new URL(request.url).searchParams.get("expand") ?? "";
      const expanded = Object.fromEntries(
        expand
          .split(",")
          .filter(Boolean)
          .map((name) => [name, []]),
      );
      return HttpResponse.json({ items: [row], total: 1, limit: 25, offset: 0, expanded });
    }),
  );
}

function label(field: FieldInfo): RegExp {
  const escaped = field.label.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped}( \\*)?$`);
}

/** A new row cannot do without it, and its input is empty at first. */
function isNeeded(field: FieldInfo): boolean {
  const isFilled = field.initial !== undefined || field.kind === "boolean";
  const isListed = field.kind === "array";
  return !field.nullable && !field.optional && !isFilled && !isListed;
}
