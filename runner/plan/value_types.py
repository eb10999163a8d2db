"""The types of single values in a plan, except paths, with the pure functions that validate them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

from runner.ddl.dialects import NAMES
from runner.plan.ids import ID, MAX_ID, slug

SCHEDULER_PORT = 8786  # of Dask
MAX_SECONDS = 7 * 24 * 3600  # a limit longer than a week is a typing error


@dataclass(frozen=True, slots=True)
class Expected:
    """What to give for a value, the end of every error message about it. Metadata of a type or a field.

    `$ge`, `$gt`, `$le`, `$max_length` and `$choices` stand for the bounds and the literals of the type.
    """

    text: str


def wrong(message: str, expected: str = "") -> PydanticCustomError:
    """Return an error for a validator to raise. `message` follows the key and the value; `expected` says what to do."""
    return PydanticCustomError("plan", "{message}", {"message": message, "expected": expected})


def printable(text: str) -> str:
    """Return the text, or raise for control characters and halves of surrogate pairs."""
    if bad := next((c for c in text if unicodedata.category(c) in {"Cc", "Cs"}), None):
        raise wrong(f"contains the control character U+{ord(bad):04X}", "Remove it.")
    return text


def _line(value: str) -> str:
    """Return the text as one line; blank text becomes empty, which its field refuses."""
    return printable(" ".join(value.split()))


def whole(value: object) -> object:
    """Return a whole number, or raise for others: true and 1.0 equal 1 in Python."""
    if type(value) is not int:
        raise PydanticKnownError("int_type")
    return value


def _switch(value: object) -> object:
    """Return auto, true or false, or raise for others: 1 and 0 equal true and false in Python."""
    if value != "auto" and not isinstance(value, bool):
        raise wrong("is not known")
    return value


def as_list(value: object) -> object:
    """Return a single text as a list, any other value unchanged."""
    return [value] if isinstance(value, str) else value


def _task_id(value: str) -> str:
    if not ID.fullmatch(value) or len(value) > MAX_ID:
        raise wrong(
            "is not an id",
            f"Write {slug(value)}: lower-case letters, digits, '-', '_' and '.', at most {MAX_ID}.",
        )
    return value


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        raise wrong("is not a URL") from None
    if "@" in parts.netloc:
        raise wrong("contains a user name or password", "Secrets come from the environment: RUNNER_CONVEX_TOKEN.")
    if parts.scheme not in {"http", "https"} or not host:
        raise wrong("is not a URL")
    return value


def scheduler_url(value: str) -> str:
    """Return the address of a Dask scheduler with its port, or raise for another text."""
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong("is not an address") from None
    if parts.scheme not in {"tcp", "tls"} or not host or parts.path or "@" in parts.netloc:
        raise wrong("is not the address of a scheduler")
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port or SCHEDULER_PORT}"


def _listen_address(value: str) -> str:
    try:
        parts = urlsplit(f"//{value}")
        known = parts.hostname is not None and not parts.path
        _ = parts.port
    except ValueError:
        known = False
    if not known:
        raise wrong("is not an address of this machine")
    return value


if TYPE_CHECKING:
    DialectName = str
else:  # pydantic checks the names, and the JSON Schema lists them
    DialectName = Annotated[Literal[NAMES], Expected("Give $choices.")]
Text = Annotated[str, AfterValidator(_line), Field(min_length=1)]
Seconds = Annotated[
    float,
    Field(gt=0, le=MAX_SECONDS, allow_inf_nan=False),
    Expected("Give seconds: more than $gt, at most $le (a week)."),
]
Count = Annotated[int, Field(ge=1, le=64), Expected("Give a whole number from $ge to $le.")]
OnOff = Annotated[Literal["auto", True, False], BeforeValidator(_switch), Expected("Give $choices.")]
Switch = Annotated[bool, Expected("Give true or false.")]
TextOrNone = Annotated[list[Text], BeforeValidator(as_list, json_schema_input_type=str | list[str])]
TextOrList = Annotated[TextOrNone, Field(min_length=1)]
TaskId = Annotated[
    str, AfterValidator(_task_id), Expected("Give lower-case letters, digits and '-', such as be-setup.")
]
Url = Annotated[Text, AfterValidator(_url), Expected("Give an address such as https://happy-otter-123.convex.cloud.")]
SchedulerUrl = Annotated[
    Text, AfterValidator(scheduler_url), Expected("Give tls://HOST:PORT, or tcp://HOST:PORT without encryption.")
]
ListenAddress = Annotated[Text, AfterValidator(_listen_address), Expected("Give HOST or HOST:PORT.")]
