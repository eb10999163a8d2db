"""References of several fields in a real browser: selected as one row, and shown as that row's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.integration.frontend_server import Application, served

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["tests.integration.frontend_browser"]

SHOP = """
CREATE TABLE orders (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE order_lines (
    order_id integer NOT NULL REFERENCES orders, line_no integer NOT NULL, article text NOT NULL,
    PRIMARY KEY (order_id, line_no)
);
CREATE TABLE deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id integer NOT NULL, line_no integer NOT NULL, delivered_on date NOT NULL,
    FOREIGN KEY (order_id, line_no) REFERENCES order_lines
);
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.sql").write_text(SHOP, encoding="utf-8")
    with served(folder, folder / "shop.sql") as application:
        yield application


def test_a_reference_of_several_fields_is_chosen_and_shown_by_name(tab: Page, shop: Application) -> None:
    shop.make("orders", id=7, name="Toko Maju")
    for number, article in ((1, "Chalk"), (2, "Blackboard")):
        shop.make("order_lines", order_id=7, line_no=number, article=article)
    tab.goto(f"{shop.url}/deliveries/new")
    line = tab.get_by_role("combobox", name="Order line")
    line.click()
    line.fill("maju")
    tab.get_by_role("option", name="Toko Maju · 2").click()
    tab.get_by_label("Delivered on").fill("01/02/2030")
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.get_by_role("definition").get_by_role("link", name="Toko Maju · 2")).to_be_visible()
    assert shop.find("deliveries", {"order_id": 7})["line_no"] == 2
    tab.goto(f"{shop.url}/deliveries")
    link = tab.get_by_role("table").get_by_role("link", name="Toko Maju · 2")
    expect(link).to_have_attribute("href", "/order_lines/7,2")
    link.click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Toko Maju · 2")
