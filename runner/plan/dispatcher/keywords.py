"""Matches descriptions against the phrases of agent kinds. Pure.

A phrase matches where its words occur whole, in order and in one sentence, in upper or lower case, with or without a
plural `s`. Any words may occur between them, except those of another kind: "Create the school's backend" matches a
phrase of the set-up; "create pages that call the backend" does not, since "pages" belongs to another kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from runner.plan.dispatcher.agent_kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A phrase without a side does not count where the description names only the other side: "FE CRUD APIs" are not the
# backend's.
_SIDES = (frozenset({"be", "backend"}), frozenset({"fe", "frontend", "ui"}))

_SPELLINGS = (
    # The verb, as in "the frontend should be set up"; "be" after other words is the backend.
    (re.compile(r"\b(to|must|should|shall|will|would|can|could|may|might|not)\s+be\b"), r"\1"),
    (re.compile(r"\bset[\s-]+up\b", re.IGNORECASE), "setup"),
    (re.compile(r"\b(front|back)[\s-]+end\b", re.IGNORECASE), r"\1end"),
    (re.compile(r"\binitiali[sz]e\b", re.IGNORECASE), "initialize"),
)
_JOINING = {"and", "or", "plus", "the", "a", "an"}
_SENTENCE_END = re.compile(r"[.;:!?]+(?=\s|$)|\n\s*\n")
_WORD = re.compile(r"\w+")
_SHORTEST_PLURAL = 4  # letters; the `s` of shorter words is no plural


class Score(NamedTuple):
    """The words of a description that match a kind: the stem of each, and the word as it was written."""

    kind: Kind
    words: dict[str, str]


class _Word(NamedTuple):
    stem: str  # what is compared
    written: str  # in lower case


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The phrases of one kind, and all their words."""

    kind: Kind
    phrases: tuple[tuple[str, ...], ...]
    words: frozenset[str]


class WordMatcher:
    """Scores descriptions against the phrases of some kinds. Immutable."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._vocabularies = tuple(_vocabulary(kind) for kind in kinds)
        self._all_words = frozenset[str]().union(*(each.words for each in self._vocabularies))

    def scores(self, description: str) -> list[Score]:
        """Return the kinds with a matching phrase, those with the most distinct words first."""
        sentences = _sentences(description)
        scores = []
        for vocabulary in self._vocabularies:
            runs = _runs(sentences, foreign=self._all_words - vocabulary.words)
            words = _slug_words(vocabulary.kind, description)
            for phrase in _phrases_that_count(vocabulary, sentences):
                for run in runs:
                    words |= _subsequence(phrase, run)
            if words:
                scores.append(Score(vocabulary.kind, words))
        return sorted(scores, key=lambda score: -len(score.words))


def _vocabulary(kind: Kind) -> _Vocabulary:
    phrases = tuple(
        tuple(word.stem for sentence in _sentences(text) for word in sentence) for text in (kind.title, *kind.phrases)
    )
    return _Vocabulary(kind, phrases, frozenset(stem for phrase in phrases for stem in phrase))


def _sentences(text: str) -> list[list[_Word]]:
    for pattern, plain in _SPELLINGS:
        text = pattern.sub(plain, text)
    return [
        [_Word(_stem(word), word) for word in _WORD.findall(sentence.casefold())]
        for sentence in _SENTENCE_END.split(text)
    ]


def _stem(word: str) -> str:
    plural = len(word) >= _SHORTEST_PLURAL and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if plural else word


def _runs(sentences: Iterable[Sequence[_Word]], foreign: frozenset[str]) -> list[list[_Word]]:
    """Split sentences at words that belong only to other kinds, except in pairs like "backend and frontend"."""
    runs: list[list[_Word]] = []
    for sentence in sentences:
        joined = _joined_sides(sentence)
        runs.append([])
        for place, word in enumerate(sentence):
            if word.stem in foreign and place not in joined:
                runs.append([])
            else:
                runs[-1].append(word)
    return runs


def _joined_sides(sentence: Sequence[_Word]) -> set[int]:
    """Return the positions of sides that are named as a pair: "create backend and frontend" means both."""
    places = [place for place, word in enumerate(sentence) if word.stem not in _JOINING]
    joined = set()
    for first, second in pairwise(places):
        sides = [side for side in _SIDES if {sentence[first].stem, sentence[second].stem} & side]
        if len(sides) == len(_SIDES):
            joined |= {first, second}
    return joined


def _phrases_that_count(vocabulary: _Vocabulary, sentences: Iterable[Sequence[_Word]]) -> Iterable[tuple[str, ...]]:
    present = {word.stem for sentence in sentences for word in sentence}
    own = [side for side in _SIDES if side & vocabulary.words]
    named = [side for side in _SIDES if side & present]
    of_other_side = bool(own and named) and not any(side in named for side in own)
    for phrase in vocabulary.phrases:
        if phrase and not (of_other_side and not any(side & set(phrase) for side in _SIDES)):
            yield phrase


def _subsequence(phrase: tuple[str, ...], run: Sequence[_Word]) -> dict[str, str]:
    """Return the words of `phrase` as they are written in `run`: all of them or none."""
    rest = iter(run)
    found = {}
    for stem in phrase:
        word = next((word for word in rest if word.stem == stem), None)
        if word is None:
            return {}
        found[stem] = word.written
    return found


def _slug_words(kind: Kind, description: str) -> dict[str, str]:
    """Return the words of a kind's slug where the description contains the whole slug."""
    slug = kind.slug.casefold()
    if re.search(rf"(?<![\w-]){re.escape(slug)}(?![\w-])", description.casefold()):
        return {_stem(word): word for word in _WORD.findall(slug)}
    return {}
