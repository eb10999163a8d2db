import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
} from "@tanstack/react-router";
import { parseSearch, stringifySearch } from "../core/routing/search";
import { loadPage } from "../core/ui/registry";
import { Failure, Loading, NotFound } from "./messages";
import { Shell } from "./shell";

const root = createRootRoute({ component: Shell });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("../own/home")),
});

// All tables share four routes. The page definition of a table is loaded when the table is first opened.
const table = createRoute({
  getParentRoute: () => root,
  path: "$table",
  loader: async ({ params }) => {
    const page = await loadPage(params.table);
    if (!page) throw notFound();
    return page;
  },
  staleTime: Number.POSITIVE_INFINITY,
});

const list = createRoute({
  getParentRoute: () => table,
  path: "/",
  component: lazyRouteComponent(() => import("./routes/list")),
});

const create = createRoute({
  getParentRoute: () => table,
  path: "new",
  component: lazyRouteComponent(() => import("./routes/create")),
});

const detail = createRoute({
  getParentRoute: () => table,
  path: "$key",
  component: lazyRouteComponent(() => import("./routes/detail")),
});

const edit = createRoute({
  getParentRoute: () => table,
  path: "$key/edit",
  component: lazyRouteComponent(() => import("./routes/edit")),
});

export const router = createRouter({
  routeTree: root.addChildren([home, table.addChildren([list, create, detail, edit])]),
  basepath: import.meta.env.BASE_URL,
  parseSearch,
  stringifySearch,
  pathParamsAllowedCharacters: [","],
  defaultPreload: "intent",
  defaultPendingComponent: Loading,
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: Failure,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
