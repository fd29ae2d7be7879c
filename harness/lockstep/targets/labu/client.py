"""The HTTP client: one kept connection, one deadline a request, every way to fail a verdict.

Invariant: a call returns a status and a document, or raises ``Broken`` with the verdict that the
failure means; after a failure the next call begins with a new connection.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from time import monotonic
from typing import TYPE_CHECKING

from lockstep.published.document import Json
from lockstep.verdict import Verdict

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

DEADLINE_SECONDS = 10.0
ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of the longest answer that is read."""

READING = frozenset({"/health", "/state/export", "/state/digest", "/state/load"})
"""Endpoints that may be asked twice: the answer to the second call is that to the first."""


class Broken(Exception):
    """The server did not answer as it must: the verdict that means, and what happened."""

    def __init__(self, verdict: Verdict, text: str) -> None:
        super().__init__(text)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; ``document`` is None where the body is not JSON."""

    status: int
    document: Json
    body: bytes


class Client:
    """Calls the server at ``host`` and ``port``; each call takes at most ``deadline`` seconds."""

    def __init__(
        self,
        host: str,
        port: int,
        deadline: float = DEADLINE_SECONDS,
        answer_limit: int = ANSWER_LIMIT,
    ) -> None:
        self._connection = _Connection(host, port)
        self._deadline = deadline
        self._limit = answer_limit

    def call(self, method: str, path: str, document: Json = None) -> Reply:
        """Send ``document`` as JSON, or nothing, and return what comes back.

        A kept connection that the server has closed meanwhile is opened again, for an endpoint
        that may be asked twice. Raises ``Broken``.
        """
        body = None if document is None else json.dumps(document).encode()
        kept = self._connection.sock is not None
        try:
            return self._call(method, path, body)
        except _Closed:
            if not kept or path not in READING:
                raise
            return self._call(method, path, body)

    def close(self) -> None:
        """Close the connection; a later call opens another."""
        self._connection.close()

    def _call(self, method: str, path: str, body: bytes | None) -> Reply:
        try:
            self._connection.begin(self._deadline)
            self._connection.request(method, path, body, {"Content-Type": "application/json"})
            with self._connection.getresponse() as response:
                content = self._read(response)
        except BaseException as error:
            self._connection.close()
            broken = self._meaning(error)
            if broken is None:
                raise
            raise broken from error
        return Reply(response.status, _document(content), content)

    def _read(self, response: HTTPResponse) -> bytes:
        promised = response.length
        if promised is not None and promised > self._limit:
            raise Broken(
                Verdict.PROTOCOL_ERROR,
                f"an answer of {promised} bytes, over the limit of {self._limit}",
            )
        content = response.read(self._limit + 1)
        if len(content) > self._limit:
            raise Broken(Verdict.PROTOCOL_ERROR, f"an answer over the limit of {self._limit} bytes")
        if promised is not None and len(content) < promised:
            raise IncompleteRead(content, promised - len(content))
        return content

    def _meaning(self, error: BaseException) -> Broken | None:
        """Return what an error means for the verdict; None if it is none of the server's."""
        match error:
            case Broken():
                return error
            case TimeoutError():
                return Broken(Verdict.HANG, f"no answer within {self._deadline:g} s")
            case ConnectionRefusedError():
                return Broken(Verdict.CRASH, "connection refused")
            case ConnectionError():
                return _Closed(Verdict.CRASH, "connection closed without an answer")
            case IncompleteRead():
                return Broken(Verdict.PROTOCOL_ERROR, f"a truncated answer: {error}")
            case HTTPException() | ValueError():
                return Broken(Verdict.PROTOCOL_ERROR, f"not HTTP: {type(error).__name__} {error}")
            case OSError():
                return Broken(Verdict.CRASH, error.strerror or str(error))
            case _:
                return None


class _Closed(Broken):
    """The connection was closed before an answer began."""


class _Connection(HTTPConnection):
    """A connection whose every wait ends at one deadline, however slowly bytes arrive."""

    _timed: _TimedSocket

    def begin(self, seconds: float) -> None:
        """Let the next request and its answer take ``seconds`` together."""
        self.timeout = seconds
        until = monotonic() + seconds
        if self.sock is None:
            self.connect()
        self._timed.until = until
        self._timed.settimeout(max(until - monotonic(), 1e-3))

    def connect(self) -> None:
        """Connect, and wait from now on as the deadline says."""
        super().connect()
        self._timed = self.sock = _TimedSocket.taking_over(self.sock)


class _TimedSocket(socket.socket):
    """A socket that waits for what it receives no longer than ``until``, on the monotonic clock."""

    until: float

    @classmethod
    def taking_over(cls, other: socket.socket) -> _TimedSocket:
        """Return the same connection; ``other`` is closed to its holder."""
        return cls(other.family, other.type, other.proto, fileno=other.detach())

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        """Receive, or raise ``TimeoutError`` once the time is over."""
        left = self.until - monotonic()
        if left <= 0:
            raise TimeoutError
        self.settimeout(left)
        return super().recv_into(buffer, nbytes, flags)


def _document(content: bytes) -> Json:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
