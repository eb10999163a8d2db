import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, it } from "vitest";
import { renderAt } from "../test/render";
import { server } from "../test/server";
import { ListScreen } from "./list-screen";
import { ani, pupils } from "./testing/pupils";

let queries: string[] = [];
let rows: object[] = [];
let total: number;
let precision: string;
let cursors: { next: string | null; previous: string | null };

beforeEach(() => {
  queries = [];
  rows = [ani, { ...ani, id: 2, name: "Budi" }];
  total = 1000;
  precision = "exact";
  cursors = { next: null, previous: null };
  server.use(
    http.get("*/pupils", ({ request }) => {
      const { search, searchParams } = new URL(request.url);
      queries.push(decodeURIComponent(search));
      const hasCursor = searchParams.has("after") || searchParams.has("before");
      return HttpResponse.json({
        items: rows,
        total,
        total_is: precision,
        limit: 25,
        offset: hasCursor ? null : Number(searchParams.get("offset")),
        ...cursors,
        expanded: {},
      });
    }),
  );
});

const open = (url = "/pupils") => renderAt(<ListScreen page={pupils} />, url);
const lastQuery = () => queries.at(-1);

it("goes to the last page if the requested page does not exist", async () => {
  total = 30;
  rows = [];
  open("/pupils?page=9");
  await waitFor(() => expect(lastQuery()).toBe("?limit=25&offset=25"));
});

it("leads beyond a total that was counted up to a cap", async () => {
  total = 10_000;
  precision = "at_least";
  cursors = { next: "cursor", previous: null };
  open("/pupils?page=400");
  expect(await screen.findByText("10,000+ rows")).toBeInTheDocument();
  expect(screen.getByText("9,976–9,977 of 10,000+")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Page 401" }));
  await waitFor(() => expect(lastQuery()).toBe("?limit=25&after=cursor"));
});

it("turns pages by cursor, in any order, and jumps to others by number", async () => {
  cursors = { next: "n1", previous: "p1" };
  open("/pupils?sort=-fee&page=5");
  const user = userEvent.setup();
  await screen.findByText("101–102 of 1,000");
  cursors = { next: "n2", previous: "p2" };
  await user.click(screen.getByRole("button", { name: "Next page" }));
  await screen.findByText("126–127 of 1,000");
  expect(lastQuery()).toBe("?sort=-fee&limit=25&after=n1");
  await user.click(screen.getByRole("button", { name: "Previous page" }));
  await waitFor(() => expect(lastQuery()).toBe("?sort=-fee&limit=25&before=p2"));
  await user.click(screen.getByRole("button", { name: "Page 40" }));
  await waitFor(() => expect(lastQuery()).toBe("?sort=-fee&limit=25&offset=975"));
  await user.type(screen.getByRole("textbox", { name: "Go to page" }), "12{Enter}");
  await waitFor(() => expect(lastQuery()).toBe("?sort=-fee&limit=25&offset=275"));
  await user.type(screen.getByRole("textbox", { name: "Go to page" }), "99999{Enter}");
  await screen.findByText("976–977 of 1,000");
});

it("keeps its place for other columns, and returns to the first page for another order", async () => {
  cursors = { next: "n", previous: "p" };
  open("/pupils?page=3&after=c");
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Choose columns" }));
  await user.click(await screen.findByRole("checkbox", { name: "Nickname" }));
  expect(await screen.findByRole("columnheader", { name: /Nickname/ })).toBeInTheDocument();
  expect(lastQuery()).toBe("?limit=25&after=c");
  await user.click(screen.getByRole("button", { name: "Fee" }));
  await waitFor(() => expect(lastQuery()).toBe("?sort=fee&limit=25"));
});

it("returns to the first page with a message if the server rejects the cursor", async () => {
  server.use(
    http.get("*/pupils", ({ request }) =>
      new URL(request.url).searchParams.has("after")
        ? HttpResponse.json({ detail: "after: is out of date" }, { status: 400 })
        : undefined,
    ),
  );
  open("/pupils?page=7&after=old&sort=fee");
  expect(await screen.findByRole("link", { name: "Ani" })).toBeInTheDocument();
  expect(lastQuery()).toBe("?sort=fee&limit=25");
  expect(screen.getByText("Back on the first page")).toBeInTheDocument();
  expect(screen.queryByText("This could not be loaded")).toBeNull();
});
