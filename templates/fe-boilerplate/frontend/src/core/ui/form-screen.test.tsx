import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it } from "vitest";
import { renderAt } from "../test/render";
import { server } from "../test/server";
import { FormScreen } from "./form-screen";
import { ani, pupils } from "./testing/pupils";

interface Sent {
  readonly body: unknown;
  readonly version: string | null;
}

let sent: Sent[] = [];

beforeEach(() => {
  sent = [];
});

const record = async (request: Request) => {
  sent.push({ body: await request.json(), version: request.headers.get("If-Match") });
};
const input = (label: string) => screen.getByLabelText(new RegExp(`^${label}( \\*)?$`));
const enter = (label: string, value: string) =>
  fireEvent.input(input(label), { target: { value } });
const save = () => fireEvent.click(screen.getByRole("button", { name: "Save" }));

describe("a new row", () => {
  const open = async (url = "/pupils/new") => {
    renderAt(<FormScreen page={pupils} />, url);
    await screen.findByRole("form", { name: "New pupil" });
  };
  const fill = () => {
    enter("Name", "Budi");
    enter("Fee", "10.00");
    enter("Born on", "2019-05-05");
  };

  it("is validated while the user types", async () => {
    await open();
    enter("Age", "3");
    expect(await screen.findByText("Age must be 5 or more")).toHaveAttribute("role", "alert");
    enter("Age", "6");
    await waitFor(() => expect(screen.queryByText(/must be 5/)).toBeNull());
  });

  it("shows the server's errors at their fields", async () => {
    server.use(
      http.post("*/pupils", async ({ request }) => {
        await record(request);
        const error = { field: "name", code: "unique", message: "is already taken" };
        return HttpResponse.json(
          { title: "Conflict", detail: "", errors: [error] },
          { status: 409 },
        );
      }),
    );
    await open();
    fill();
    save();
    expect(await screen.findByText("Name is already taken")).toBeInTheDocument();
    expect(screen.getByText("Check these fields: Name.")).toBeInTheDocument();
    expect(input("Name")).toHaveFocus();
    expect(sent[0]?.body).toEqual({
      name: "Budi",
      fee: "10.00",
      born_on: "2019-05-05",
      level: "beginner",
      active: true,
    });
  });

  it("is kept while the server is busy, and can be saved later", async () => {
    let isBusy = true;
    const headers = { "Retry-After": "5" };
    server.use(
      http.post("*/pupils", () =>
        isBusy
          ? HttpResponse.json({ detail: "Busy." }, { status: 503, headers })
          : HttpResponse.json(ani, { status: 201 }),
      ),
    );
    await open();
    fill();
    save();
    expect(await screen.findByText("Busy. Try again in 5 seconds.")).toBeInTheDocument();
    expect(screen.getByText("What you entered is kept in this form.")).toBeInTheDocument();
    expect(input("Name")).toHaveValue("Budi");
    isBusy = false;
    save();
    expect(await screen.findByText("Pupil saved")).toBeInTheDocument();
  });

  it("can be followed by another new row", async () => {
    server.use(http.post("*/pupils", () => HttpResponse.json(ani, { status: 201 })));
    await open();
    fill();
    fireEvent.click(screen.getByRole("button", { name: "Save and add another" }));
    expect(await screen.findByText("Pupil saved")).toBeInTheDocument();
    await waitFor(() => expect(input("Name")).toHaveValue(""));
  });

  it("takes initial values from the URL", async () => {
    await open("/pupils/new?name=Citra");
    expect(input("Name")).toHaveValue("Citra");
  });

  it("increments numbers with the arrow keys", async () => {
    await open();
    fireEvent.keyDown(input("Fee"), { key: "ArrowUp" });
    expect(input("Fee")).toHaveValue("1");
  });
});

describe("an existing row", () => {
  let version = 1;

  const open = async () => {
    version = 1;
    server.use(
      http.get("*/pupils/7", () =>
        HttpResponse.json(
          { ...ani, id: 7, nickname: `v${version}` },
          { headers: { ETag: `"v${version}"` } },
        ),
      ),
      http.patch("*/pupils/7", async ({ request }) => {
        await record(request);
        if (request.headers.get("If-Match") === `"v${version}"`)
          return HttpResponse.json({ ...ani, id: 7 });
        return HttpResponse.json({ title: "Precondition Failed", detail: "" }, { status: 412 });
      }),
    );
    renderAt(<FormScreen page={pupils} rowKey={["7"]} />, "/pupils/7/edit");
    await screen.findByRole("form", { name: "Edit pupil" });
  };

  it("sends only changed fields, with the version that was loaded", async () => {
    await open();
    enter("Name", "Ani B.");
    enter("Age", "");
    save();
    expect(await screen.findByText("Pupil saved")).toBeInTheDocument();
    expect(sent).toEqual([{ body: { name: "Ani B.", age: null }, version: '"v1"' }]);
  });

  it("can overwrite a conflicting change", async () => {
    await open();
    enter("Name", "Ani B.");
    version = 2;
    save();
    fireEvent.click(await screen.findByRole("button", { name: "Overwrite" }));
    expect(await screen.findByText("Pupil saved")).toBeInTheDocument();
    expect(sent.map((request) => request.version)).toEqual(['"v1"', '"v2"']);
  });

  it("can be reloaded after a conflicting change", async () => {
    await open();
    enter("Name", "Ani B.");
    version = 2;
    save();
    fireEvent.click(await screen.findByRole("button", { name: "Load the current version" }));
    await waitFor(() => expect(input("Nickname")).toHaveValue("v2"));
    expect(input("Name")).toHaveValue("Ani");
  });

  it("asks for confirmation before unsaved changes are discarded", async () => {
    await open();
    enter("Name", "Ani B.");
    await userEvent.click(screen.getByRole("link", { name: "Cancel" }));
    expect(await screen.findByText("Leave without saving?")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Stay" }));
    expect(input("Name")).toHaveValue("Ani B.");
  });

  it("shows an error if it does not exist", async () => {
    server.use(http.get("*/pupils/8", () => HttpResponse.json({ detail: "" }, { status: 404 })));
    renderAt(<FormScreen page={pupils} rowKey={["8"]} />, "/pupils/8/edit");
    expect(await screen.findByText("Pupil not found")).toBeInTheDocument();
  });
});
