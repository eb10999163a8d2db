"""What a generated interface says in a language: its messages, and the labels of the school's tables and fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.integration.catalogues import messages
from tests.integration.frontend_browser import school_page

if TYPE_CHECKING:
    from runner.generation.model.given_labels import GivenText

_PLURAL = re.compile(r"\{(?P<name>\w+), plural,(?P<forms>(?: =?\w+ \{[^{}]*\})+)\}")
_FORM = re.compile(r" (=?\w+) \{([^{}]*)\}")


@dataclass(frozen=True, kw_only=True)
class InterfaceWords:
    """The words of one language: `en` or `id`."""

    language: str

    def text(self, key: str, **values: str | int) -> str:
        """Return the message of a key of the catalogue with its arguments filled in."""
        message = _PLURAL.sub(lambda plural: self._form(plural, values), messages(self.language)[key])
        return message.format(**values)

    def table(self, name: str) -> str:
        """Return the label of a table's rows."""
        return self._in_language(school_page(name).nav["label"])

    def field(self, table: str, name: str) -> str:
        """Return the label of a field."""
        return self._in_language(school_page(table).fields[name]["label"])

    def _form(self, plural: re.Match[str], values: dict[str, str | int]) -> str:
        number = int(values[plural["name"]])
        forms = dict(_FORM.findall(plural["forms"]))
        usual = "one" if number == 1 and self.language == "en" else "other"
        form: str = forms.get(f"={number}") or forms.get(usual) or forms["other"]
        return form.replace("#", str(number))

    def _in_language(self, text: GivenText) -> str:
        return text if isinstance(text, str) else text.get(self.language, text["en"])
