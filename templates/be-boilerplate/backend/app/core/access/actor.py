"""Who makes a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """The account that a request belongs to; all fields are empty where nobody has to log in.

    `links` are the columns of the account that refer to other tables, such as `{"teacher_id": 7}`.
    """

    id: Any = None
    login: str = ""
    role: str = ""
    links: Mapping[str, Any] = field(default_factory=dict)


ANONYMOUS = Actor()
