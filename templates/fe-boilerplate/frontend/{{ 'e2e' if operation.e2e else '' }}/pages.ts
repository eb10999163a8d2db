/** The pages of a table, used as a person does: by labels, buttons and links. */

import { expect, type Locator, type Page } from "@playwright/test";
import type { AnyPage, FieldInfo, Row } from "../src/core/ui/page";

export class TablePages {
  constructor(
    private readonly tab: Page,
    private readonly page: AnyPage,
  ) {}

  private get url(): string {
    return `/${this.page.nav.name}`;
  }

  async openList(): Promise<void> {
    await this.tab.goto(this.url);
    await this.seeList();
  }

  async openRow(key: string): Promise<void> {
    await this.tab.goto(`${this.url}/${key}`);
    await expect(this.tab.getByRole("button", { name: "Delete", exact: true })).toBeVisible();
    await expect(this.tab.getByRole("heading", { level: 1 })).not.toHaveText("…");
  }

  /** Find a row in the list: by a search for one of its texts if there is one, and open it. */
  async find(row: Row, key: string): Promise<void> {
    await this.openList();
    const nouns = lowerFirst(this.page.nav.label);
    const search = this.tab.getByRole("searchbox", { name: `Search ${nouns}` });
    const text = searchedText(this.page, row);
    if (text && (await search.count())) {
      await search.fill(text);
      await expect(this.tab).toHaveURL(/[?&]q=/); // the list is searched a moment after the last key
    }
    const link = this.tab.getByRole("table").locator(`a[href="${this.url}/${key}"]`).first();
    await link.click();
    await expect(this.tab.getByRole("link", { name: "Edit", exact: true })).toBeVisible();
  }

  /** Return what the page of a row shows for a field. */
  valueOf(field: FieldInfo): Locator {
    const term = this.tab.getByRole("term").filter({ hasText: exactly(field.label) });
    return term.locator("xpath=following-sibling::dd");
  }

  async edit(field: FieldInfo, value: string): Promise<void> {
    await this.tab.getByRole("link", { name: "Edit", exact: true }).click();
    await this.input(field).fill(value);
    await this.save();
  }

  async delete(): Promise<void> {
    await this.tab.getByRole("button", { name: "Delete", exact: true }).click();
    const question = this.tab.getByRole("dialog");
    const deleted = this.tab.waitForResponse((one) => one.request().method() === "DELETE");
    await question.getByRole("button", { name: "Delete", exact: true }).click();
    await this.seeList();
    // While it can be undone, the deletion is not sent, and unique values are still taken.
    const undoable = this.tab.getByRole("alert").filter({ hasText: "Undo" });
    await undoable.getByRole("button", { name: "Close", exact: true }).click();
    expect((await deleted).ok(), "the row was not deleted").toBe(true);
  }

  /** Enter a row in the form for new ones; `names` are those of the rows that it refers to, by field. */
  async add(fields: readonly FieldInfo[], row: Row, names: Map<string, string>): Promise<void> {
    const label = lowerFirst(this.page.nav.labelSingular);
    await this.tab.getByRole("link", { name: `New ${label}`, exact: true }).click();
    for (const field of fields) await this.enter(field, row[field.name], names.get(field.name));
    await this.save();
  }

  private async seeList(): Promise<void> {
    await expect(this.tab.getByRole("heading", { level: 1 })).toHaveText(this.page.nav.label);
    await expect(this.tab.getByRole("table")).toBeVisible();
  }

  /** Save the form, and wait for the page of the row; fails with what the form reports instead. */
  private async save(): Promise<void> {
    await this.tab.getByRole("button", { name: "Save", exact: true }).click();
    const saved = this.tab.getByRole("link", { name: "Edit", exact: true });
    const problem = this.tab.getByRole("main").getByRole("alert");
    await expect(saved.or(problem).first()).toBeVisible();
    expect(await problem.allInnerTexts(), "the form was not saved").toEqual([]);
  }

  private input(field: FieldInfo): Locator {
    return this.tab.getByRole("main").getByLabel(exactly(field.label, "( \\*)?"));
  }

  private async enter(field: FieldInfo, value: unknown, name?: string): Promise<void> {
    const box = this.input(field);
    if (name !== undefined) {
      await box.click();
      await box.fill(name.split(" · ")[0] ?? name);
      await this.tab.getByRole("option", { name }).first().click();
    } else if (field.kind === "boolean" && !field.nullable) {
      if ((await box.isChecked()) !== value) await box.press("Space");
    } else if (field.kind === "boolean") {
      await this.choose(box, value ? "Yes" : "No");
    } else if (field.kind === "array") {
      for (const item of value as unknown[]) {
        if (field.choices) await this.choose(box, choiceOf(field, item));
        else {
          await box.fill(String(item));
          await box.press("Enter");
        }
      }
      await box.press("Escape");
    } else if (field.choices) {
      await this.choose(box, choiceOf(field, value));
    } else {
      await box.fill(typed(field, value));
      await box.press("Tab"); // closes a calendar
    }
  }

  private async choose(box: Locator, label: string): Promise<void> {
    await box.press("ArrowDown"); // opens the choices
    await this.tab.getByRole("option", { name: label, exact: true }).click();
  }
}

/** Return what a British person types for a value. */
function typed(field: FieldInfo, value: unknown): string {
  if (field.kind === "json") return JSON.stringify(value);
  const text = String(value);
  const day = text.slice(0, 10).split("-").reverse().join("/");
  if (field.kind === "date") return day;
  if (field.kind === "timestamp" || field.kind === "local_timestamp")
    return `${day} ${text.slice(11).replace("Z", "")}`;
  return text;
}

function choiceOf(field: FieldInfo, value: unknown): string {
  const text = String(value);
  return field.choices?.find((choice) => choice.value === text)?.label ?? text;
}

/** Return the text of a row that tells most: the longest with a digit, or else the longest. */
function searchedText(page: AnyPage, row: Row): string | undefined {
  const texts = page.fields
    .filter(({ kind, isSecret }) => kind === "text" && !isSecret)
    .map(({ name }) => String(row[name] ?? ""));
  return texts.sort((one, other) => weight(other) - weight(one))[0] || undefined;
}

function weight(text: string): number {
  return text.length + (/\d/.test(text) ? 1000 : 0);
}

function exactly(text: string, after = ""): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}${after}$`);
}

function lowerFirst(text: string): string {
  const first = text.split(" ")[0] ?? "";
  const isAcronym = first.length > 1 && first === first.toUpperCase();
  return isAcronym ? text : text.charAt(0).toLowerCase() + text.slice(1);
}
