"""The dispatcher: it matches keywords first, and asks a language model where these do not decide.

Where neither decides it does not guess: no kind, or two that match equally well, is an error that lists the phrases and
mentions `agent:`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.plan.dispatcher.agent_kinds import with_keywords
from runner.plan.dispatcher.keywords import WordMatcher
from runner.records.errors import ClassificationError
from runner.records.task import Classification

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.plan.dispatcher.agent_kinds import Kind
    from runner.plan.dispatcher.keywords import Score
    from runner.plan.dispatcher.llm import LanguageModel

KEY_VARIABLE = "ANTHROPIC_API_KEY"
DEFAULT_MODEL = "claude-haiku-4-5"  # a choice among five needs no larger one
DEFAULT_TIMEOUT = 10.0  # seconds for one answer

_CLEAR = 0.5  # keywords that decide with more confidence than this need no language model


class AgentDispatcher:
    """Classifies descriptions. Thread-safe; keeps no state between calls.

    `api_key` is the language model's (None: from ANTHROPIC_API_KEY). Without a key, or without `enable_llm`, keywords
    alone decide. `keywords` adds phrases by kind; a kind that is not built in is one of the user's own, named as in
    `agent:`. `model`, `base_url` and `timeout` (seconds for one answer) are the language model's.
    """

    def __init__(
        self,
        api_key: str | None = None,
        enable_llm: bool = True,  # noqa: FBT001, FBT002 - part of the public interface
        keywords: Mapping[str, Sequence[str]] | None = None,
        *,
        model: str | None = None,
        base_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        self._kinds = with_keywords(keywords or {})
        self._matcher = WordMatcher(self._kinds)
        key = (os.environ.get(KEY_VARIABLE, "") if api_key is None else api_key).strip()
        self._llm: LanguageModel | None = None
        if key and enable_llm:
            from runner.plan.dispatcher.llm import LanguageModel  # noqa: PLC0415 - for those who have a key

            self._llm = LanguageModel(api_key=key, model=model or DEFAULT_MODEL, base_url=base_url, timeout=timeout)

    def classify(self, description: str) -> Classification:
        """Return the agent kind that `description` means.

        The kind with the most distinct matched words wins. Its confidence is its share of the matched words of all
        kinds: 1.0 where no other kind matched, 0.6 for three words against two. An answer with more than 0.5 is final.
        Otherwise a language model is asked, if one is available, and the answer stands if that fails. The confidence
        of the model's answer is the model's own, from 0 to 1.

        Raises:
            ClassificationError: no kind, or several equally well, and no language model that decides.

        """
        scores = self._matcher.scores(description)
        by_keywords = _decide(scores)
        if by_keywords is not None and (self._llm is None or by_keywords.confidence > _CLEAR):
            return by_keywords
        failure = None
        if self._llm is not None and description.strip():
            from runner.plan.dispatcher.llm import LLMError  # noqa: PLC0415 - likewise

            try:
                return self._llm.classify(description, self._kinds)
            except LLMError as error:
                failure = str(error)
        if by_keywords is None:
            raise ClassificationError(_no_answer(description, scores, self._kinds, failure))
        return replace(by_keywords, reasoning=f"{by_keywords.reasoning}; a language model was asked too: {failure}")


def _decide(scores: Sequence[Score]) -> Classification | None:
    """Return the answer of the keywords; None where there is none, or where the best two are equal."""
    if not scores or len(_best(scores)) > 1:
        return None
    best, *others = scores
    words = tuple(best.words.values())
    against = "".join(f"; against {_description_of(score)}" for score in others)
    return Classification(
        kind=best.kind.slug,
        method="keywords",
        confidence=round(len(words) / sum(len(score.words) for score in scores), 2),
        keywords=words,
        reasoning=f"{_description_of(best)}{against}",
    )


def _best(scores: Sequence[Score]) -> list[Score]:
    return [score for score in scores if len(score.words) == len(scores[0].words)]


def _description_of(score: Score) -> str:
    return f"{score.kind.title} ({', '.join(score.words.values())})"


def _no_answer(description: str, scores: Sequence[Score], kinds: Sequence[Kind], failure: str | None) -> str:
    best = " and ".join(_description_of(score) for score in _best(scores))
    trouble = f"fits several agent kinds equally well: {best}" if best else "names no agent kind"
    asked = f" A language model was asked: {failure}." if failure else ""
    lines = [f"  {kind.slug}: {', '.join((kind.title, *kind.phrases))}" for kind in kinds]
    return (
        f"{description!r} {trouble}.{asked} Name the kind with `agent:`, such as `agent: {kinds[0].slug}`, "
        "or use one of its phrases:\n" + "\n".join(lines)
    )
