import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import { setSessionState } from "../../core/api/session-state";
import { renderAt } from "../../core/test/render";
import { server } from "../../core/test/server";
import { pupils } from "../../core/ui/testing/pupils";
import { Charts } from "./charts";

vi.mock("../../core/ui/registry", async (original) => ({
  ...(await original<object>()),
  loadPage: async () => pupils,
  navOf: (name: string) => (name === "pupils" ? pupils.nav : undefined),
}));
vi.mock("@mantine/hooks", async (original) => ({
  ...(await original<object>()),
  useInViewport: () => ({ ref: undefined, inViewport: true }),
}));

let asked: string[] = [];

const LEVELS = [
  { value: "far_on", label: null, count: 3, filters: { level__eq: "far_on" } },
  { value: "beginner", label: null, count: 1, filters: { level__eq: "beginner" } },
];
const MONTHS = [
  { value: "2026-10-01", label: null, count: 0, filters: { born_on__gte: "2026-10-01" } },
  { value: "2026-11-01", label: null, count: 2, filters: { born_on__gte: "2026-11-01" } },
];

const respondWith = (items: readonly object[], others = 0) =>
  server.use(
    http.get("*/pupils/groups", ({ request }) => {
      asked.push(new URL(request.url).search);
      return HttpResponse.json({ items, others });
    }),
  );

beforeEach(() => {
  asked = [];
  setSessionState({ isLoginRequired: false });
});

const show = (field: string) => renderAt(<Charts charts={[{ table: "pupils", field }]} />);

test("each bar leads to the list of its rows", async () => {
  respondWith(LEVELS, 4);
  show("level");
  const chart = await screen.findByRole("group", { name: "Pupils by level: chart" });
  expect(asked).toEqual(["?group_by=level&limit=8"]);
  const links = within(chart).getAllByRole("link");
  expect(links.map((link) => [link.getAttribute("aria-label"), link.getAttribute("href")])).toEqual(
    [
      ["Far on: 3 pupils", "/pupils?level__eq=far_on"],
      ["Beginner: 1 pupil", "/pupils?level__eq=beginner"],
    ],
  );
  expect(within(chart).getByText("Others")).toBeInTheDocument(); // which has no list
});

test("Tab reaches one bar, and the arrow keys the others", async () => {
  respondWith(LEVELS);
  show("level");
  await screen.findByRole("group", { name: "Pupils by level: chart" });
  await userEvent.tab();
  await userEvent.tab();
  expect(screen.getByRole("link", { name: "Beginner: 1 pupil" })).toHaveFocus();
  await userEvent.keyboard("{ArrowUp}");
  expect(screen.getByRole("link", { name: "Far on: 3 pupils" })).toHaveFocus();
  await userEvent.tab();
  expect(document.body).toHaveFocus();
});

test("the numbers are shown as a table, too", async () => {
  respondWith(LEVELS);
  show("level");
  const name = "Show the table of Pupils by level";
  await userEvent.click(await screen.findByRole("button", { name }));
  const rows = within(screen.getByRole("table", { name: "Pupils by level" })).getAllByRole("row");
  expect(rows.map((row) => row.textContent)).toEqual(["LevelRows", "Far on3", "Beginner1"]);
  expect(screen.getByRole("link", { name: "Far on" })).toHaveAttribute(
    "href",
    "/pupils?level__eq=far_on",
  );
  await userEvent.click(screen.getByRole("button", { name: "Show the chart of Pupils by level" }));
  expect(await screen.findByRole("group", { name: /chart$/ })).toBeInTheDocument();
});

test("a date is shown by month, week or day; a period without rows leads nowhere", async () => {
  respondWith(MONTHS);
  show("born_on");
  const chart = await screen.findByRole("group", { name: "Pupils over time: chart" });
  expect(within(chart).getAllByRole("link")).toHaveLength(1);
  expect(screen.getByText(/^Born on: Oct\s–\sNov 2026$/)).toBeVisible();
  await userEvent.click(screen.getByRole("radio", { name: "14 days" }));
  await screen.findByRole("group", { name: "Pupils over time: chart" });
  expect(asked).toEqual(["?group_by=born_on__month&limit=12", "?group_by=born_on__day&limit=14"]);
});

test("a chart without rows says so", async () => {
  respondWith([]);
  show("level");
  expect(await screen.findByText("There are no rows yet.")).toBeVisible();
});

test("a failure is shown, and can be repeated", async () => {
  server.use(http.get("*/pupils/groups", () => HttpResponse.json({}, { status: 500 })));
  show("level");
  expect(await screen.findByRole("alert")).toBeVisible();
  respondWith(LEVELS);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("link", { name: "Far on: 3 pupils" })).toBeInTheDocument();
});

test("unknown tables, and fields that may not be read, have no chart", async () => {
  const rights = { read: ["name"], create: false, update: false, delete: false, export: false };
  const session = { login: "ani", role: "reader", has_history: false, rights: { pupils: rights } };
  setSessionState({ isLoginRequired: true, session });
  renderAt(
    <Charts
      charts={[
        { table: "others", field: "level" },
        { table: "pupils", field: "level" },
      ]}
    />,
  );
  expect(screen.queryByRole("heading")).not.toBeInTheDocument();
});
