/**
 * A row of a table of each group of the navigation: found, changed, deleted and entered again.
 *
 * The row is one of those that the backend makes up, so that it satisfies all constraints. Add tests of your own beside
 * this file.
 */

import { expect, test } from "@playwright/test";
import { TablePages } from "./pages";
import { CHANGED, changedField, enteredFields, findLeaf, loadFamilies } from "./tables";

for (const [family, tables] of await loadFamilies()) {
  test(`a row of ${family}`, async ({ page: tab, request }) => {
    const found = await findLeaf(request, tables);
    test.skip(!found, "other rows depend on each row");
    if (!found) return;
    const { page, row, key } = found;
    const pages = new TablePages(tab, page);
    const fields = enteredFields(page, row);

    await pages.find(row, key);
    const names = new Map<string, string>();
    for (const field of fields) {
      const link = pages.valueOf(field).getByRole("link");
      if (field.leadsTo) names.set(field.name, (await link.textContent()) ?? "");
    }

    const changed = changedField(page);
    if (changed) {
      await pages.edit(changed, CHANGED);
      await expect(pages.valueOf(changed)).toHaveText(CHANGED);
      await tab.reload();
      await expect(pages.valueOf(changed)).toHaveText(CHANGED);
    }

    await pages.delete();
    await pages.add(fields, row, names);
    for (const [name, text] of names) {
      const field = page.byName.get(name);
      if (field) await expect(pages.valueOf(field)).toHaveText(text);
    }
    await expect(tab.getByRole("link", { name: "Edit", exact: true })).toBeVisible();
  });
}
