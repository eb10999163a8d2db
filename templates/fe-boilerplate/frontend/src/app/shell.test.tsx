import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { renderAt } from "../core/test/render";
import { title } from "./application";
import { NotFound } from "./messages";
import { Shell } from "./shell";

test("the first focusable element skips the navigation", async () => {
  const { container } = renderAt(<Shell />);
  const link = await screen.findByRole("link", { name: "Skip to content" });
  expect(container.querySelector("a, button, input")).toBe(link);
  expect(document.querySelector(link.getAttribute("href") ?? "")).toBe(screen.getByRole("main"));
});

test("the header links to the home page, and the current page is marked", async () => {
  renderAt(<Shell />);
  expect(await screen.findByRole("link", { name: title })).toHaveAttribute("href", "/");
  expect(screen.getByRole("link", { name: "Home" })).toHaveAttribute("aria-current", "page");
});

test("the color scheme can be switched, and is stored", async () => {
  renderAt(<Shell />);
  await userEvent.click(await screen.findByRole("button", { name: "Switch to dark mode" }));
  expect(document.documentElement).toHaveAttribute("data-mantine-color-scheme", "dark");
  expect(localStorage.getItem("mantine-color-scheme-value")).toBe("dark");
  await userEvent.click(screen.getByRole("button", { name: "Switch to light mode" }));
  expect(document.documentElement).toHaveAttribute("data-mantine-color-scheme", "light");
});

test("an unknown URL shows an error and a link to the home page", async () => {
  renderAt(<NotFound />);
  expect(await screen.findByRole("heading", { name: "Page not found" })).toBeVisible();
  expect(screen.getByRole("link", { name: "Go to the home page" })).toHaveAttribute("href", "/");
});
