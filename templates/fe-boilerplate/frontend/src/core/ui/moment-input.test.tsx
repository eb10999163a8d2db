import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";
import { MomentInput } from "./moment-input";
import type { Kind } from "./page";
import { showDay, showDayTime } from "./typed-moments";

let told = "";

function Field({ kind, initial }: { kind: Kind; initial: string }) {
  const [value, setValue] = useState(initial);
  told = value;
  return (
    <MomentInput kind={kind} label="Seen" noun="Seen" clearable value={value} onChange={setValue} />
  );
}

const open = (kind: Kind, initial = "") =>
  render(
    <MantineProvider env="test">
      <Field kind={kind} initial={initial} />
    </MantineProvider>,
  );
const input = () => screen.getByLabelText("Seen");

it("reads a day as it is typed, and writes it out when one goes on", async () => {
  open("date");
  await userEvent.type(input(), "2024-01-31");
  expect(told).toBe("2024-01-31");
  await userEvent.tab();
  expect(input()).toHaveValue(showDay("2024-01-31"));
});

it("leaves what it cannot read as it was typed", async () => {
  open("date", "2024-01-31");
  await userEvent.clear(input());
  expect(told).toBe("");
  await userEvent.type(input(), "someday");
  await userEvent.tab();
  expect(told).toBe("someday");
  expect(input()).toHaveValue("someday");
});

it("keeps the time, to its last digit, when another day is picked", async () => {
  open("local_timestamp", "2024-01-31T08:05:09.123456");
  expect(input()).toHaveValue(showDayTime("2024-01-31T08:05:09.123456"));
  await userEvent.click(input());
  await userEvent.click(await screen.findByRole("button", { name: "15 January 2024" }));
  expect(told).toBe("2024-01-15T08:05:09.123456");
  expect(input()).toHaveValue(showDayTime("2024-01-15T08:05:09.123456"));
});

it("can be cleared", async () => {
  open("date", "2024-01-31");
  await userEvent.click(screen.getByRole("button", { name: "Clear Seen", hidden: true }));
  expect(told).toBe("");
  expect(input()).toHaveValue("");
});

it("takes times, with seconds where there are some", async () => {
  open("time", "08:05:09");
  expect(input()).toHaveValue("08:05:09");
  await userEvent.click(screen.getByRole("button", { name: "Clear Seen" }));
  expect(told).toBe("");
});
