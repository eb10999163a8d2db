import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, it, vi } from "vitest";
import { renderAt, testClient } from "../test/render";
import { server } from "../test/server";
import { ListScreen } from "./list-screen";
import { ani, pupils } from "./testing/pupils";

let queries: string[] = [];
let rows: object[] = [];
let total: number | undefined;

beforeEach(() => {
  queries = [];
  rows = [ani, { ...ani, id: 2, name: "Budi" }];
  total = undefined;
  server.use(
    http.get("*/pupils", ({ request }) => {
      queries.push(decodeURIComponent(new URL(request.url).search));
      const page = {
        items: rows,
        total: total ?? rows.length,
        total_is: "exact",
        limit: 25,
        offset: 0,
        next: null,
        expanded: {},
      };
      return HttpResponse.json(page);
    }),
  );
});

const open = (url = "/pupils") => renderAt(<ListScreen page={pupils} />, url);
const lastQuery = () => queries.at(-1);

it("shows formatted rows with links to their pages, and the total", async () => {
  open();
  const link = await screen.findByRole("link", { name: "Ani" });
  expect(link).toHaveAttribute("href", "/pupils/9007199254740");
  expect(screen.getByText("2 rows")).toBeInTheDocument();
  expect(screen.getAllByText("Far on")).toHaveLength(2);
});

it("cycles through ascending, descending and no order", async () => {
  open();
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Fee" }));
  await waitFor(() => expect(lastQuery()).toBe("?sort=fee&limit=25"));
  expect(screen.getByRole("columnheader", { name: /Fee/ })).toHaveAttribute(
    "aria-sort",
    "ascending",
  );
  await user.click(screen.getByRole("button", { name: "Fee" }));
  await waitFor(() => expect(lastQuery()).toBe("?sort=-fee&limit=25"));
  await user.click(screen.getByRole("button", { name: "Fee" }));
  await waitFor(() => expect(lastQuery()).toBe("?limit=25"));
});

it("returns to the first page for a search or a filter", async () => {
  total = 60;
  open("/pupils?page=2");
  const user = userEvent.setup();
  await user.type(await screen.findByRole("searchbox"), "an");
  await waitFor(() => expect(lastQuery()).toBe("?q=an&limit=25"));
  await user.click(await screen.findByRole("button", { name: "Filter Fee" }));
  await user.type(await screen.findByLabelText("Fee from"), "5");
  await user.click(screen.getByRole("button", { name: "Apply" }));
  await waitFor(() => expect(lastQuery()).toBe("?fee__gte=5&q=an&limit=25"));
  await user.click(await screen.findByRole("button", { name: "Remove the filter on Fee" }));
  await waitFor(() => expect(lastQuery()).toBe("?q=an&limit=25"));
});

it("drops a search that has not begun when a row is opened", async () => {
  open();
  const user = userEvent.setup();
  const link = await screen.findByRole("link", { name: "Ani" });
  await user.type(screen.getByRole("searchbox"), "bud");
  await user.click(link);
  await user.type(screen.getByRole("searchbox"), "{Control>}a{/Control}x");
  await waitFor(() => expect(lastQuery()).toContain("q=x"));
  expect(queries.filter((query) => query.includes("q=bud"))).toEqual([]);
});

it("does not filter by an incomplete date", async () => {
  open();
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Filter Born on" }));
  await user.type(await screen.findByLabelText("Born on from"), "2018-03");
  await user.click(screen.getByRole("button", { name: "Apply" }));
  expect(screen.getByText("Not a date")).toBeInTheDocument();
  await user.type(screen.getByLabelText("Born on from"), "-01");
  await user.click(screen.getByRole("button", { name: "Apply" }));
  await waitFor(() => expect(lastQuery()).toBe("?born_on__gte=2018-03-01&limit=25"));
  expect(queries).toHaveLength(2);
});

it("offers to clear search and filters if no row matches", async () => {
  rows = [];
  open("/pupils?q=zz&level__in=far_on");
  const clear = await screen.findByRole("button", { name: "Clear search and filters" });
  expect(screen.getByText("No pupils match")).toBeInTheDocument();
  await userEvent.click(clear);
  expect(await screen.findByText("No pupils yet")).toBeInTheDocument();
});

it("shows an error and can retry", async () => {
  server.use(
    http.get("*/pupils", () => HttpResponse.json({ detail: "Out of service." }, { status: 500 }), {
      once: true,
    }),
  );
  open();
  expect(await screen.findByText("Out of service.")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("link", { name: "Ani" })).toBeInTheDocument();
});

it("says that the server is busy while the request is repeated", async () => {
  const client = testClient();
  let retry: () => void = () => undefined;
  client.setDefaultOptions({ queries: { retry: 1, retryDelay: 50 } });
  const repeated = new Promise<void>((resolve) => {
    retry = resolve;
  });
  let requests = 0;
  server.use(
    http.get("*/pupils", async () => {
      requests += 1;
      if (requests === 1) return HttpResponse.json({ detail: "busy" }, { status: 503 });
      await repeated;
      return undefined;
    }),
  );
  renderAt(<ListScreen page={pupils} />, "/pupils", client);
  expect(await screen.findByText("The server is busy. Trying again…")).toBeInTheDocument();
  retry();
  expect(await screen.findByRole("link", { name: "Ani" })).toBeInTheDocument();
  expect(screen.queryByText("The server is busy. Trying again…")).toBeNull();
});

it("says when to try again if the server stays busy", async () => {
  const headers = { "Retry-After": "5" };
  server.use(
    http.get("*/pupils", () => HttpResponse.json({ detail: "Busy." }, { status: 503, headers })),
  );
  open();
  expect(await screen.findByText("Busy. Try again in 5 seconds.")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Try again" })).toBeInTheDocument();
});

it("shows that the server is unreachable for an error page of a proxy", async () => {
  server.use(
    http.get("*/pupils", () =>
      HttpResponse.html("<h1>502</h1>", { status: 502, statusText: "Bad Gateway" }),
    ),
  );
  open();
  expect(await screen.findByText(/The server cannot be reached/)).toBeInTheDocument();
});

it("offers to clear invalid filters in the URL", async () => {
  server.use(
    http.get("*/pupils", ({ request }) =>
      new URL(request.url).searchParams.has("fee__gte")
        ? HttpResponse.json({ detail: "fee__gte: must be a number" }, { status: 422 })
        : undefined,
    ),
  );
  open("/pupils?fee__gte=abc&page=99999999999999999999");
  expect(await screen.findByText("fee__gte: must be a number")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Clear search and filters" }));
  expect(await screen.findByRole("link", { name: "Ani" })).toBeInTheDocument();
});

it("deletes the selected rows after confirmation", async () => {
  let removed = "";
  server.use(
    http.post("*/pupils/bulk-delete", async ({ request }) => {
      removed = await request.text();
      rows = [ani];
      return HttpResponse.json({ deleted: 1 });
    }),
  );
  open();
  const user = userEvent.setup();
  await user.click(await screen.findByRole("checkbox", { name: "Select row 2" }));
  expect(screen.getByText("1 pupil selected")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Delete" }));
  const dialog = await screen.findByRole("dialog");
  expect(removed).toBe("");
  await user.click(within(dialog).getByRole("button", { name: "Delete" }));
  await waitFor(() => expect(removed).toBe("[2]"));
  await waitFor(() => expect(screen.queryByRole("link", { name: "Budi" })).toBeNull());
});

it("exports the filtered rows, with the API key", async () => {
  let url = "";
  let key: string | null = null;
  sessionStorage.setItem("api-key", "secret-key");
  server.use(
    http.get("*/pupils/export.csv", ({ request }) => {
      url = request.url;
      key = request.headers.get("X-API-Key");
      return new HttpResponse("id,name\n1,Ani\n", { headers: { "Content-Type": "text/csv" } });
    }),
  );
  let saved: Blob | undefined;
  let name = "";
  URL.createObjectURL = (content: Blob) => {
    saved = content;
    return "blob:csv";
  };
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
    this: HTMLAnchorElement,
  ) {
    name = this.download;
  });
  open("/pupils?level__in=far_on&sort=name");
  await userEvent.click(await screen.findByRole("button", { name: "Export" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "Shown columns as CSV" }));
  await waitFor(() => expect(name).toBe("pupils.csv"));
  const { searchParams } = new URL(url);
  expect(Object.fromEntries(searchParams)).toEqual({
    level__in: "far_on",
    sort: "name",
    labels: "true",
    columns: "name,level,fee,born_on",
    bom: "true",
  });
  expect(key).toBe("secret-key");
  expect(await saved?.text()).toBe("id,name\n1,Ani\n");
});

it("shows why an export failed", async () => {
  server.use(
    http.get("*/pupils/export.csv", () =>
      HttpResponse.json({ detail: "Out of service." }, { status: 500 }),
    ),
  );
  open();
  await userEvent.click(await screen.findByRole("button", { name: "Export" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "All columns as CSV" }));
  expect(await screen.findByText("Export failed")).toBeInTheDocument();
  expect(screen.getByText("Out of service.")).toBeInTheDocument();
});

it("shows the selected columns", async () => {
  open();
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Choose columns" }));
  await user.click(await screen.findByRole("checkbox", { name: "Nickname" }));
  expect(await screen.findByRole("columnheader", { name: /Nickname/ })).toBeInTheDocument();
});
