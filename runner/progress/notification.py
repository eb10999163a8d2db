"""Tells a URL how a run ended, for `--notify URL`: one JSON object over HTTP, tried a few times, for a bounded time.

A notification is the last thing that a run does. It changes no exit code: where it fails, a warning says so.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from runner.records.backoff import backoff_delay
from runner.records.errors import RunnerError

SECRET = "RUNNER_NOTIFY_HEADER"  # noqa: S105 - the name of a variable: `Name: value`, sent and never shown
LIMIT = 5.0  # seconds for all attempts together
_ATTEMPTS = 3
_FIRST_DELAY = 0.2  # seconds before the second attempt
_LONGEST_DELAY = 1.0
_DELIVERED = range(200, 300)
_REDIRECTED = range(300, 400)
_FINAL = range(400, 500)  # answers after which another attempt would get the same, but for these:
_PASSING = {408, 425, 429}


class NotifyError(RunnerError):
    """The address or the header of notifications is not usable. Nothing was run."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Notifier:
    """An address to tell; `headers` may hold a secret, which `repr` hides. `always` is False for failures only."""

    url: str
    always: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def create(cls, url: str, environ: Mapping[str, str], *, always: bool) -> Notifier:
        """Return the notifier of a run. Raises `NotifyError`."""
        if not _is_address(url):
            raise NotifyError(f"--notify {_refused(url)}: expected an address such as https://ci.example/hooks/runner")
        headers = {}
        if line := environ.get(SECRET):
            name, colon, value = line.partition(":")
            if not colon or not name.strip() or any(sign in line for sign in "\r\n"):
                raise NotifyError(f"{SECRET} must be one header, such as `Authorization: Bearer …`")
            headers[name.strip()] = value.strip()
        return cls(url=url, always=always, headers=headers)

    def notify(self, report: Mapping[str, Any]) -> str | None:
        """Send the report of a run that ended, unless only failures are told; return a warning where that failed.

        Takes at most `LIMIT` seconds.
        """
        if report["run"]["exit_code"] == 0 and not self.always:
            return None
        failure: list[str | None] = [f"no answer within {LIMIT:g} s"]
        sender = threading.Thread(target=lambda: failure.append(self._send(report)), name="notify", daemon=True)
        sender.start()
        sender.join(LIMIT)
        return None if failure[-1] is None else f"{_shown(self.url)} was not told how the run ended: {failure[-1]}"

    def _send(self, report: Mapping[str, Any]) -> str | None:
        """Try some times; return the last failure, None where there is none."""
        import requests  # noqa: PLC0415 - slow to import

        body = json.dumps(report).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "plan-runner", **self.headers}
        failure = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(backoff_delay(attempt, first=_FIRST_DELAY, longest=_LONGEST_DELAY))
            try:
                answer = requests.post(self.url, data=body, headers=headers, timeout=LIMIT, allow_redirects=False)
            except (requests.RequestException, ValueError) as error:
                failure = f"{type(error).__name__} at attempt {attempt + 1}"
                continue
            if answer.status_code in _DELIVERED:
                return None
            failure = f"status {answer.status_code}"
            if answer.status_code in _REDIRECTED:
                return f"{failure} leads to another address, which is not followed; name that one with --notify"
            if answer.status_code in _FINAL and answer.status_code not in _PASSING:
                break
        return failure


def _is_address(url: str) -> bool:
    """Return whether something could be sent there: `urlsplit` alone looks at the port only when it is asked for it."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and " " not in parts.netloc
        )
    except ValueError:
        return False


def _refused(url: str) -> str:
    """Return a wrong address without what may be secret in it: its user, its path and its query."""
    scheme, found, rest = url.partition("://")
    host = re.split(r"[/?#]", rest if found else scheme, maxsplit=1)[0].rpartition("@")[2]
    return repr(f"{scheme}://{host}" if found else host)


def _shown(url: str) -> str:
    """Return an address without what may be secret in it: its user, its path and its query."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"
