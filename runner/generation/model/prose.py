"""Prose from the DDL's names and comments: sentences, and nouns within them."""

from __future__ import annotations

_PRONOUNCED_YOU = frozenset({"use", "uni", "uti", "usa", "ute"})  # begin with a consonant: a user, a unit


_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if not chr(code).isspace()}
_CONTROL |= {code: f"\\u{code:04x}" for code in (0xFFFE, 0xFFFF)}  # no characters, which XML does not allow


def one_line(text: str) -> str:
    """Return text on one line, with single spaces; control characters are shown as escapes."""
    return " ".join(text.split()).translate(_CONTROL)


def sentence(text: str) -> str:
    """Return text on one line that begins with a capital and ends with a full stop; empty text stays empty."""
    plain = one_line(text)
    if not plain:
        return ""
    plain = capital(plain)
    return plain if plain[-1] in ".!?" else f"{plain}."


def capital(text: str) -> str:
    """Return text that begins with a capital."""
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """Return text that begins with a small letter, unless it begins with an acronym."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def with_article(noun: str) -> str:
    """Return a noun with its article: a student, an enrollment."""
    vowel = noun[:1].lower() in "aeio" or (noun[:1].lower() == "u" and noun[:3].lower() not in _PRONOUNCED_YOU)
    spelled = noun[:2].isupper() and noun[:1] in "FHLMNRSX"  # read letter by letter: an NGO, an SMS
    return f"{'an' if vowel or spelled else 'a'} {noun}"
