"""The settings of Sphinx for this folder. `python -m docs` reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docs.references import with_references
from runner.records.version import VERSION

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "runner"
release = VERSION
html_title = "runner"
extensions = ["myst_parser"]
exclude_patterns = ["examples"]
myst_heading_anchors = 3
html_theme = "furo"
html_theme_options: dict[str, Any] = {"footer_icons": [], "top_of_page_buttons": []}
html_static_path = ["site.css", "site.js"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_copy_source = False
html_show_copyright = False
smartquotes = False  # -- in the name of an option
pygments_style = "default"
pygments_dark_style = "github-dark"
highlight_language = "text"


def setup(app: Sphinx) -> None:
    """Have the reference pages generated when they are read."""
    app.connect("source-read", lambda _app, _page, source: source.__setitem__(0, with_references(source[0])))
