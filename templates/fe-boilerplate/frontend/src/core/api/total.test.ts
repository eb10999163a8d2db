import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { server } from "../test/server";
import { readTotal } from "./total";

test("the rows of a table are estimated where they are many", async () => {
  let query = "";
  server.use(
    http.get("*/api/pupils", ({ request }) => {
      query = new URL(request.url).search;
      return HttpResponse.json({ items: [{}], total: 2_000_000, total_is: "estimated" });
    }),
  );
  const total = await readTotal("/pupils", new AbortController().signal);
  expect(total).toEqual({ total: 2_000_000, precision: "estimated" });
  expect(query).toBe("?limit=1&count=estimated");
});
