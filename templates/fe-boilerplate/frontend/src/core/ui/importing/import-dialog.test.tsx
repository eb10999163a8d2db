import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it, vi } from "vitest";
import { renderAt } from "../../test/render";
import { server } from "../../test/server";
import { pupils } from "../testing/pupils";
import ImportDialog from "./import-dialog";

const COLUMNS = {
  columns: [
    { letters: "A", title: "Name", example: "Ani", field: "name" },
    { letters: "B", title: "Uang", example: "10", field: null },
    { letters: "C", title: "Born on", example: "2019-03-01", field: "born_on" },
  ],
  fields: ["name", "fee", "born_on"],
  required: ["name", "fee", "born_on"],
};
const error = { row: 3, column: "B", field: "fee", code: "decimal_parsing", value: "much" };
const report = (errors: readonly unknown[], stored = 0) => ({
  rows: 2,
  stored,
  wrong_rows: errors.length,
  error_count: errors.length,
  errors,
});

/** Serve an import that finds these errors; returns the parameters of the requests. */
function serve(errors: readonly unknown[]) {
  const sent: URLSearchParams[] = [];
  server.use(
    http.post("*/pupils/import/columns", () => HttpResponse.json(COLUMNS)),
    http.post("*/pupils/import", async ({ request }) => {
      const { searchParams } = new URL(request.url);
      sent.push(searchParams);
      const isStored = searchParams.get("dry_run") === "false";
      return HttpResponse.json(report(errors, isStored ? 2 : 0));
    }),
  );
  return sent;
}

async function choose() {
  const file = new File(["Name;Uang;Born on\n"], "rows.csv", { type: "text/csv" });
  const input = document.querySelector<HTMLInputElement>("input[type=file]");
  if (!input) throw new Error("there is no input for a file");
  await userEvent.upload(input, file);
  await userEvent.click(await screen.findByRole("combobox", { name: "Field of Uang" }));
  await userEvent.click(await screen.findByRole("option", { name: "Fee" }));
}

it("checks a file once all columns are known, and imports it", async () => {
  const sent = serve([]);
  const onClose = vi.fn();
  renderAt(<ImportDialog page={pupils} onClose={onClose} />);
  await screen.findByRole("dialog");
  await choose();
  expect(await screen.findByText("2 rows checked: nothing is wrong")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Import 2" }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(sent.map((query) => [query.get("columns"), query.get("dry_run")])).toEqual([
    ["name,fee,born_on", "true"],
    ["name,fee,born_on", "false"],
  ]);
});

it("shows what is wrong by row and column, and imports nothing", async () => {
  serve([error]);
  renderAt(<ImportDialog page={pupils} onClose={() => undefined} />);
  await screen.findByRole("dialog");
  await choose();
  const table = await screen.findByRole("table", { name: "Errors in the file" });
  const row = within(table).getByRole("row", { name: /^3 B much / });
  expect(within(row).getByText("Fee must be a number")).toBeVisible();
  expect(screen.getByRole("button", { name: "Import 2" })).toBeDisabled();
});
