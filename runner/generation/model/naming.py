"""Spellings of names: from the database's to an application's and a person's, the same way every time.

Pure functions. `model/schema_names.py` gives all tables and columns of a schema their names.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def word_set(words: str) -> frozenset[str]:
    """Return the words of a text; a long list is easier to read as text."""
    return frozenset(words.split())


def _pairs(text: str) -> dict[str, str]:
    """Return a mapping from a text of `key:value` words."""
    return {first: second for first, _, second in (pair.partition(":") for pair in text.split())}


_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MAX_WORD_LENGTH = 60  # of a Python or file name: PostgreSQL's own bound is 63 bytes

# Latin letters that no Unicode decomposition turns into ASCII.
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "Ø": "O", "Đ": "D", "Ł": "L"})

_IRREGULAR = _pairs(
    """analysis:analyses basis:bases child:children crisis:crises criterion:criteria curriculum:curricula
    foot:feet goose:geese index:indexes leaf:leaves life:lives man:men matrix:matrices medium:media mouse:mice
    ox:oxen person:people phenomenon:phenomena quiz:quizzes shelf:shelves staff:staff thesis:theses tooth:teeth
    vertex:vertices wife:wives woman:women movie:movies cookie:cookies series:series species:species axis:axes
    cache:caches menu:menus ache:aches hero:heroes echo:echoes potato:potatoes tomato:tomatoes
    database:databases lens:lenses zombie:zombies tie:ties pie:pies lie:lies die:dice alias:aliases bias:biases
    atlas:atlases canvas:canvases virus:viruses bonus:bonuses campus:campuses census:censuses corpus:corpora
    status:statuses gas:gases bus:buses knife:knives wolf:wolves half:halves shelve:shelves calf:calves"""
)
_SINGULARS = {plural: singular for singular, plural in _IRREGULAR.items() if singular != "shelve"}
_SHORTEST_PLURAL = 3  # letters; "bus", "gas" are singular
_UNCOUNTABLE = word_set(
    """aircraft attendance data equipment feedback fish history homework information inventory metadata money music
    news payroll rice series sheep species staff stock traffic weather"""
)


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case: `OrderLineID` and `order_line-id` alike are order, line, id."""
    found: list[str] = []
    for part in _WORD.findall(_ascii(name)):
        found.extend(piece.lower() for piece in _CAMEL.split(part) if piece)
    return tuple(found)


def snake(name: str) -> str:
    """Return a name as `order_line_id`; it is never empty and never begins with a digit."""
    text = "_".join(words(name))[:_MAX_WORD_LENGTH].rstrip("_") or "unnamed"
    return f"n{text}" if text[0].isdigit() else text


def pascal(name: str) -> str:
    """Return a name as `OrderLineId`."""
    return "".join(word[:1].upper() + word[1:] for word in snake(name).split("_"))


def camel(name: str) -> str:
    """Return a name as `orderLineId`."""
    text = pascal(name)
    return text[:1].lower() + text[1:]


def kebab(name: str) -> str:
    """Return a name as `order-line-id`."""
    return snake(name).replace("_", "-")


_ACRONYMS = word_set(
    """api cpu csv dns gpa gps html http id ip isbn iso json jwt nik nip nisn npsn nuptk p5 pdf sku sms sql ssn tv ui
    uri url uuid vat xml"""
)


def human(name: str) -> str:
    """Return a name as a label: `birth_date` is "Birth date", `nisn` is "NISN"."""
    parts = [word.upper() if word in _ACRONYMS else word for word in words(name)] or ["unnamed"]
    return parts[0][:1].upper() + parts[0][1:] + "".join(f" {part}" for part in parts[1:])


@lru_cache(maxsize=4096)
def singular(word: str) -> str:
    """Return the singular of a lower-case English word, or the word itself where it has none."""
    if word in _UNCOUNTABLE or word in _IRREGULAR:
        return word
    if word in _SINGULARS:
        return _SINGULARS[word]
    if len(word) <= _SHORTEST_PLURAL or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=4096)
def plural(word: str) -> str:
    """Return the plural of a lower-case English word; one that is plural already stays."""
    if word in _UNCOUNTABLE or word in _SINGULARS or word[-1:].isdigit():
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if singular(word) != word:
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    return f"{word}s"


def is_python_name(name: str) -> bool:
    """Whether a name is a Python identifier and no keyword."""
    return name.isidentifier() and not keyword.iskeyword(name) and not keyword.issoftkeyword(name)


def free_name(wanted: str, taken: Iterable[str], *, separator: str = "_") -> str:
    """Return `wanted`, or the first of `wanted_2`, `wanted_3`, … that is not taken, ignoring case."""
    return unused_name(wanted, {name.lower() for name in taken}, separator)


def unused_name(wanted: str, used: set[str], separator: str = "_") -> str:
    """Do what `free_name` does, for names that are in lower case already: a whole schema has many of them."""
    if wanted.lower() not in used:
        return wanted
    number = 2
    while f"{wanted}{separator}{number}".lower() in used:
        number += 1
    return f"{wanted}{separator}{number}"


def _ascii(name: str) -> str:
    """Return a name without accents; a script that has no Latin form stays as it is."""
    if name.isascii():
        return name
    decomposed = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return unicodedata.normalize("NFKC", plain)
