import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";
import { DateTimeInput } from "./date-time-input";
import { formatInputDate, formatInputDateTime } from "./date-time-text";
import type { Kind } from "./page";

let current = "";

function Field({ kind, initial }: { kind: Kind; initial: string }) {
  const [value, setValue] = useState(initial);
  current = value;
  return (
    <DateTimeInput
      kind={kind}
      label="Seen"
      noun="Seen"
      clearable
      value={value}
      onChange={setValue}
    />
  );
}

const open = (kind: Kind, initial = "") =>
  render(
    <MantineProvider env="test">
      <Field kind={kind} initial={initial} />
    </MantineProvider>,
  );
const input = () => screen.getByLabelText("Seen");

it("parses a date while it is typed, and formats it on blur", async () => {
  open("date");
  await userEvent.type(input(), "2024-01-31");
  expect(current).toBe("2024-01-31");
  await userEvent.tab();
  expect(input()).toHaveValue(formatInputDate("2024-01-31"));
});

it("keeps text that it cannot parse", async () => {
  open("date", "2024-01-31");
  await userEvent.clear(input());
  expect(current).toBe("");
  await userEvent.type(input(), "someday");
  await userEvent.tab();
  expect(current).toBe("someday");
  expect(input()).toHaveValue("someday");
});

it("preserves the time to its last digit when another date is picked", async () => {
  open("local_timestamp", "2024-01-31T08:05:09.123456");
  expect(input()).toHaveValue(formatInputDateTime("2024-01-31T08:05:09.123456"));
  await userEvent.click(input());
  await userEvent.click(await screen.findByRole("button", { name: "15 January 2024" }));
  expect(current).toBe("2024-01-15T08:05:09.123456");
  expect(input()).toHaveValue(formatInputDateTime("2024-01-15T08:05:09.123456"));
});

it("can be cleared", async () => {
  open("date", "2024-01-31");
  await userEvent.click(screen.getByRole("button", { name: "Clear Seen", hidden: true }));
  expect(current).toBe("");
  expect(input()).toHaveValue("");
});

it("accepts times with seconds", async () => {
  open("time", "08:05:09");
  expect(input()).toHaveValue("08:05:09");
  await userEvent.click(screen.getByRole("button", { name: "Clear Seen" }));
  expect(current).toBe("");
});
