"""Rules over a row as sentences for the people who fill in forms, from the shape of their conditions.

Fields are in backticks, by the name that clients know, and text constants in single quotes, so that a program can
replace both by what its users see: `nip` is needed when `status` is 'PNS' or 'PPPK'.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from runner.generation.model.check_expressions import Unknown
from runner.generation.model.conditions import Computed, Condition, ConstantValue, FieldValue
from runner.generation.model.field_types import MOMENTS
from runner.generation.model.prose import capital, one_line
from runner.generation.model.rule_wordings import ENGLISH, WORDINGS, Wording

if TYPE_CHECKING:
    from runner.generation.model.checks import RowRule

_NEGATED = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_SYMBOLS = {"+": "+", "-": "−", "*": "×"}  # noqa: RUF001 - the signs of arithmetic
_TIMES = MOMENTS | {"time"}
_SIDES = 2  # of a comparison, and of an alternative
_MOST_WORDS = 40  # of a sentence that is still read


def rule_message(rule: RowRule, names: Mapping[str, str]) -> str:
    """Return what a rule demands: its comment, or else a sentence. `names` of fields are by column."""
    return comment_message(rule.comment) if rule.comment else _message(rule, names, ENGLISH)


def rule_messages(rule: RowRule, names: Mapping[str, str]) -> str | Mapping[str, str]:
    """Return what a rule demands by language; its comment, where it has one, for all languages."""
    if rule.comment:
        return comment_message(rule.comment)
    return {language: _message(rule, names, wording) for language, wording in WORDINGS.items()}


def comment_message(comment: str) -> str:
    """Return the comment on a constraint as the text of its errors."""
    return capital(one_line(comment))


def plain_message(fields: Sequence[str], words: Wording = ENGLISH) -> str:
    """Return what can be said of fields that violate a rule whose meaning is not known."""
    quoted = [f"`{field}`" for field in fields]
    if len(quoted) > 1:
        return words.do_not_fit.format(_joined(quoted, words.conjunction))
    return words.not_allowed.format(quoted[0]) if quoted else words.rule_broken


def duplicate_message(fields: Sequence[str], condition: Condition, names: Mapping[str, str]) -> str | None:
    """Return what a unique index over the rows that meet a condition says of one more; None where no sentence does."""
    try:
        parts = condition.arguments if isinstance(condition, Computed) and condition.op == "and" else (condition,)
        where = " and ".join(map(_Sentences(names, ENGLISH).state, parts))
    except Unknown:
        return None
    text = (
        f"another row with the same {_joined([f'`{field}`' for field in fields], 'and')} already exists where {where}"
    )
    return text if len(text.split()) <= _MOST_WORDS else None


def _message(rule: RowRule, names: Mapping[str, str], words: Wording) -> str:
    """Return a sentence that is still read, or what can be said without one."""
    try:
        text = _Sentences(names, words).demand(rule.condition)
    except Unknown:
        text = ""
    return text if 0 < len(text.split()) <= _MOST_WORDS else plain_message([names[one] for one in rule.columns], words)


@dataclass(frozen=True, slots=True)
class _Sentences:
    """Clauses about a row: `state` says that a condition holds, `demand` that it has to."""

    names: Mapping[str, str]
    words: Wording

    def demand(self, condition: Condition) -> str:
        if not isinstance(condition, Computed):
            return f"{self._value(condition)} {self.words.be(self.words.true, demanded=True, equal=True)}"
        if condition.op == "and":
            return "; ".join(map(self.demand, condition.arguments))
        if condition.op == "or":
            return self._demand_of_choice(condition.arguments)
        if condition.op == "not" and _negation(condition.arguments[0]) is not None:
            return self.demand(_negated(condition.arguments[0]))
        return self._clause(condition, demanded=True)

    def state(self, condition: Condition) -> str:
        if not isinstance(condition, Computed):
            return f"{self._value(condition)} {self.words.be(self.words.true, demanded=False, equal=True)}"
        if condition.op == "not" and _negation(condition.arguments[0]) is not None:
            return self.state(_negated(condition.arguments[0]))
        return self._clause(condition, demanded=False)

    def _demand_of_choice(self, parts: tuple[Condition, ...]) -> str:
        """Return what is demanded where one of several conditions has to hold: one of them, when the others do not."""
        compared = {column for part in parts if not _is_null_test(part) for column in _columns(part)}
        # A comparison with NULL is not violated, so a guard against NULL adds nothing.
        kept = [part for part in parts if not (_is_empty(part) and compared.issuperset(_columns(part)))]
        if len(kept) == 1:
            return self.demand(kept[0])
        if all(map(_is_given, kept)):
            return f"{_joined(list(map(self._field, kept)), self.words.disjunction)} {self.words.is_needed}"
        if pairs := self._null_pairs(kept):
            return pairs
        demanded = next((part for part in reversed(kept) if _is_null_test(part)), kept[-1])
        others = [_negated(part) for part in kept if part is not demanded]
        states = f" {self.words.conjunction} ".join(map(self._one_state, others))
        return self.words.when.format(self._one_demand(demanded), states)

    def _null_pairs(self, parts: Sequence[Condition]) -> str | None:
        """Return what two alternatives demand, each of which says of the same two fields whether they have a value."""
        pairs = [part.arguments for part in parts if isinstance(part, Computed) and part.op == "and"]
        is_pair = len(parts) == len(pairs) == _SIDES and all(len(pair) == _SIDES for pair in pairs)
        if not is_pair or not all(_is_null_test(test) for pair in pairs for test in pair):
            return None
        one, other = [{self._field(test): _is_given(test) for test in pair} for pair in pairs]
        if one.keys() != other.keys() or any(one[name] == other[name] for name in one):
            return None
        if len(one) < _SIDES:
            return None
        if len({*one.values()}) == 1:
            return self.words.both_or_none.format(_joined([*one], self.words.conjunction))
        return self.words.either.format(_joined([*one], self.words.disjunction))

    def _one_demand(self, condition: Condition) -> str:
        """Return a demand that a clause with `when` can follow. Raises Unknown where it would be ambiguous."""
        if not isinstance(condition, Computed) or condition.op not in ("and", "or"):
            return self.demand(condition)
        if condition.op == "or" or not all(map(_is_null_test, condition.arguments)):
            raise Unknown(condition.op)
        names = _joined(list(map(self._field, condition.arguments)), self.words.conjunction)
        if all(map(_is_given, condition.arguments)):
            return f"{names} {self.words.are_needed}"
        if all(map(_is_empty, condition.arguments)):
            return f"{names} {self.words.must_be_empty}"
        raise Unknown(condition.op)

    def _one_state(self, condition: Condition) -> str:
        """Return a state that others can be added to by `and`. Raises Unknown for alternatives."""
        if isinstance(condition, Computed) and condition.op in ("and", "or"):
            raise Unknown(condition.op)
        return self.state(condition)

    def _field(self, test: Condition) -> str:
        """Return the field of a test for NULL."""
        (column,) = _columns(test)
        return f"`{self.names[column]}`"

    def _clause(self, condition: Computed, *, demanded: bool) -> str:
        words = self.words
        op, arguments = condition.op, condition.arguments
        is_negated = op == "not"
        if is_negated:
            inner = arguments[0]
            if not isinstance(inner, Computed):
                return f"{self._value(inner)} {words.be(words.false, demanded=demanded, equal=True)}"
            op, arguments = inner.op, inner.arguments
        if op == "is null":
            given = words.is_needed if demanded else words.has_value
            empty = words.must_be_empty if demanded else words.is_empty
            return f"{self._value(arguments[0])} {given if is_negated else empty}"
        if op == "in":
            value, *choices = arguments
            joined = _joined([self._value(choice) for choice in choices], words.disjunction)
            among = f"not {joined}" if is_negated else joined
            return f"{self._value(value)} {words.be(among, demanded=demanded, equal=True)}"
        if op not in _NEGATED or is_negated:
            raise Unknown(op)
        return self._comparison(op, *arguments, demanded=demanded)

    def _comparison(self, op: str, left: Condition, right: Condition, *, demanded: bool) -> str:
        words = self.words
        if isinstance(left, Computed) and left.op == "count known" and isinstance(right, ConstantValue):
            form = words.counts.get((op, right.value)) if isinstance(right.value, int) else None
            if form is None:
                raise Unknown(op)
            verb = words.must_have_value if demanded else words.has_value
            return f"{form.format(_joined([self._value(part) for part in left.arguments], words.conjunction))} {verb}"
        if isinstance(left, Computed) and isinstance(right, Computed) and left.op == right.op == "is null":
            fields = _joined([self._value(part.arguments[0]) for part in (left, right)], words.conjunction)
            if op == "=":
                return words.both_or_none.format(fields)
            raise Unknown(op)
        type_ = left.type or right.type
        forms = words.moments if type_ is not None and type_.kind in _TIMES else words.numbers
        is_equality = op in ("=", "<>")
        compared = forms[op].format(self._value(right))
        return f"{self._value(left)} {words.be(compared, demanded=demanded, equal=is_equality)}"

    def _value(self, condition: Condition) -> str:
        if isinstance(condition, FieldValue):
            return f"`{self.names[condition.column]}`"
        if isinstance(condition, ConstantValue):
            return self.words.empty if condition.value == "" else _constant(condition.value)
        if condition.op in _SYMBOLS and len(condition.arguments) == _SIDES:
            left, right = condition.arguments
            return f"{self._value(left)} {_SYMBOLS[condition.op]} {self._value(right)}"
        if condition.op == "today":
            return self.words.today
        raise Unknown(condition.op)


def _constant(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    raise Unknown(str(value))


def _negation(condition: Condition) -> Condition | None:
    """Return the opposite of a condition that has one without `not`."""
    if not isinstance(condition, Computed):
        return None
    if condition.op == "not":
        return condition.arguments[0]
    if condition.op in _NEGATED:
        return Computed(op=_NEGATED[condition.op], arguments=condition.arguments, type=condition.type)
    if condition.op in ("and", "or"):
        other = "or" if condition.op == "and" else "and"
        return Computed(op=other, arguments=tuple(map(_negated, condition.arguments)), type=condition.type)
    return None


def _negated(condition: Condition) -> Condition:
    return _negation(condition) or Computed(op="not", arguments=(condition,), type=condition.type)


def _is_empty(condition: Condition) -> bool:
    return (
        isinstance(condition, Computed) and condition.op == "is null" and isinstance(condition.arguments[0], FieldValue)
    )


def _is_given(condition: Condition) -> bool:
    return isinstance(condition, Computed) and condition.op == "not" and _is_empty(condition.arguments[0])


def _is_null_test(condition: Condition) -> bool:
    return _is_empty(condition) or _is_given(condition)


def _columns(condition: Condition) -> Iterable[str]:
    if isinstance(condition, FieldValue):
        return {condition.column}
    parts = condition.arguments if isinstance(condition, Computed) else ()
    return {column for part in parts for column in _columns(part)}


def _joined(parts: list[str], word: str) -> str:
    """Return parts as an enumeration: a, b or c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"
