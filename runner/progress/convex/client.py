"""The client of a Convex deployment: the official one over one connection, with timeouts and an error for each case.

The library's own `ConvexHttpClient` never times out and opens a connection a call; its value encoding is used as it
is. Slow to import: `convex_sink` does so in its own thread.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests
from convex.http_client import ConvexHttpClient
from convex.values import convex_to_json, json_to_convex

from runner.progress.convex.bounded_session import AnswerTooLongError, BoundedSession
from runner.progress.convex.target import TOKEN, shown
from runner.records.errors import RunnerError

if TYPE_CHECKING:
    from convex.http_client import FunctionArgs

    from runner.progress.convex.target import ConvexTarget

CONNECT_TIMEOUT = 3.0  # seconds
READ_TIMEOUT = 10.0  # seconds without a byte of the answer; the backend ends a function after one
CALL_LIMIT = 10.0  # seconds for a whole call, however slowly its answer comes
MAX_ANSWER = 1_000_000  # bytes; our functions answer with a few hundred
MAX_MESSAGE = 500  # characters of an error text of the deployment
_RETRIED = {408, 425, 429}
_SERVER_ERRORS = range(500, 600)
_DENIED = {401, 403}
_HIDDEN = "***"
_IS_IT = "is it the address of a Convex deployment?"


class ConvexCallError(RunnerError):
    """A call to a deployment failed."""


class UnavailableError(ConvexCallError):
    """The deployment did not answer, or cannot now: the same call may succeed later.

    Whether it was carried out is not known. `retry_after` in seconds, where the server says so.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RefusedError(ConvexCallError):
    """The call was received and not carried out: the same call would be refused again."""


class FunctionFailedError(RefusedError):
    """The deployment's function raised an error; the call changed nothing. `code` and `data` are the function's."""

    def __init__(self, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.data: dict[str, Any] = data if isinstance(data, dict) else {}
        self.code: str | None = self.data.get("code")


class DeploymentClient(ConvexHttpClient):
    """Calls the functions of a deployment, one at a time. Not to be shared between threads.

    Every error is a `ConvexCallError`, and none of their messages holds the secret.
    """

    def __init__(
        self,
        target: ConvexTarget,
        *,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        call_limit: float = CALL_LIMIT,
        max_answer: int = MAX_ANSWER,
        secret: str = TOKEN,
    ) -> None:
        """`max_answer` bounds answers, in bytes; `secret` is the name of the variable that the secret comes from."""
        super().__init__(target.url)
        self._token = target.token
        self._secret = secret
        self._max_answer = max_answer
        self._session = BoundedSession(
            connect_timeout=connect_timeout, read_timeout=read_timeout, limit=call_limit, max_bytes=max_answer
        )
        self._session.headers.update({**self.headers, "Content-Type": "application/json"})

    def call(self, name: str, args: dict[str, Any]) -> Any:
        """Run the mutation `name` with the secret among its arguments; return its result. Raises `ConvexCallError`."""
        return self.mutation(name, {"token": self._token, **args})

    def read(self, name: str, args: dict[str, Any]) -> Any:
        """Run the query `name` with the secret among its arguments; return its result. Raises `ConvexCallError`."""
        return self.query(name, {"token": self._token, **args})

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _request(self, url: str, name: str, args: FunctionArgs) -> Any:
        """Make one call. Overrides the library's method, with the same arguments."""
        body = {"path": name, "format": "convex_encoded_json", "args": convex_to_json(args or {})}
        try:
            response, answer = self._session.exchange(url, json.dumps(body, separators=(",", ":")).encode())
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            raise UnavailableError(self._place(_reason(error))) from None
        except AnswerTooLongError:
            raise RefusedError(self._place(f"answered with more than {self._max_answer:,} bytes; {_IS_IT}")) from None
        except requests.RequestException as error:
            raise RefusedError(self._place(self._harmless(str(error)))) from None
        self._check_status(response)
        return self._value(name, answer)

    def _check_status(self, response: requests.Response) -> None:
        status = response.status_code
        if status in _RETRIED or status in _SERVER_ERRORS:
            raise UnavailableError(self._place(f"answered {status}"), _retry_after(response))
        if status in _DENIED:
            raise RefusedError(self._place(f"denied access ({status})"))
        if status != requests.codes.ok:
            raise RefusedError(self._place(f"answered {status}; {_IS_IT}"))

    def _value(self, name: str, body: bytes) -> Any:
        try:
            answer = json.loads(body)
            if answer["status"] == "success":
                return json_to_convex(answer["value"])
            data = json_to_convex(answer["errorData"]) if "errorData" in answer else None
            text = data.get("message") if isinstance(data, dict) else data
            message = str(text or answer["errorMessage"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise RefusedError(self._place(f"gave an answer that cannot be read; {_IS_IT}")) from None
        failure = FunctionFailedError(self._place(f"{name}: {self._harmless(message)}"), data)
        if failure.code == "unauthorized":
            failure = FunctionFailedError(
                self._place(f"refused the secret; is {self._secret} the one of its environment?"), data
            )
        raise failure

    def _place(self, what: str) -> str:
        return f"Convex at {shown(self.address)} {what}"

    def _harmless(self, text: str) -> str:
        """Return a text of the deployment without the secret: validation errors repeat the arguments."""
        for secret in (self._token, json.dumps(self._token)[1:-1], repr(self._token)[1:-1]):
            text = text.replace(secret, _HIDDEN)
        text = " ".join(text.split())
        return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"


def _reason(error: requests.RequestException) -> str:
    """Return briefly why there was no answer; the library's own text is a chain of addresses and classes."""
    if isinstance(error, requests.ConnectTimeout):
        return f"did not take the connection within {CONNECT_TIMEOUT:.0f} s"
    if isinstance(error, requests.ReadTimeout):
        return f"did not answer within {READ_TIMEOUT:.0f} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "has no certificate that this machine trusts"
    return "cannot be reached" if "NewConnectionError" in repr(error) else "dropped the connection"


def _retry_after(response: requests.Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdecimal() else None
