"""The HTTP client: one kept connection, one deadline a call, every way to fail a verdict.

Invariant: a call returns a status and a document, or raises ``Broken`` with the verdict that the
failure means; after a failure the next call begins with a new connection.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from time import monotonic

from lockstep.published.document import Json
from lockstep.targets.labu.documents import VALUES_LIMIT, has_too_many_values
from lockstep.targets.labu.exchange import Closed, Connection, Unacceptable
from lockstep.verdict import Verdict

DEADLINE_SECONDS = 10.0
ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of the longest answer that is read."""

SHOWN = 200
"""Characters of a server's words that a failure quotes."""

READING = frozenset({"/health", "/state/export", "/state/digest", "/state/load"})
"""Endpoints that may be asked twice: the answer to the second call is that to the first."""


class Broken(Exception):
    """The server did not answer as it must: the verdict that means, and what happened."""

    def __init__(self, verdict: Verdict, text: str) -> None:
        super().__init__(quoted(text))
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
        self._host = host
        self._port = port
        self._deadline = deadline
        self._limit = answer_limit
        self._connection: Connection | None = None

    def call(self, method: str, path: str, document: Json = None) -> Reply:
        """Send ``document`` as JSON, or nothing, and return what comes back.

        A kept connection that the server has closed meanwhile is opened again, for an endpoint
        that may be asked twice. Raises ``Broken``.
        """
        body = None if document is None else json.dumps(document).encode()
        until = monotonic() + self._deadline
        kept = self._connection is not None
        try:
            status, content = self._exchange(method, path, body, until)
        except _ClosedFirst:
            if not kept or path not in READING:
                raise
            status, content = self._exchange(method, path, body, until)
        return Reply(status, _document(content), content)

    def close(self) -> None:
        """Close the connection; a later call opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _exchange(
        self, method: str, path: str, body: bytes | None, until: float
    ) -> tuple[int, bytes]:
        try:
            if self._connection is None:
                self._connection = Connection(self._host, self._port, self._limit, until)
            answer = self._connection.exchange(method, path, body, until)
        except BaseException as error:
            self.close()
            broken = self._meaning(error)
            if broken is None:
                raise
            raise broken from error
        if not self._connection.renew():
            self.close()
        return answer

    def _meaning(self, error: BaseException) -> Broken | None:
        """Return what an error means for the verdict; None if it is none of the server's."""
        match error:
            case Unacceptable():
                return Broken(Verdict.PROTOCOL_ERROR, str(error))
            case Closed():
                return _ClosedFirst(Verdict.CRASH, "connection closed without an answer")
            case TimeoutError():
                return Broken(Verdict.HANG, f"no answer within {self._deadline:g} s")
            case ConnectionRefusedError():
                return Broken(Verdict.CRASH, "connection refused")
            case OSError():
                return Broken(Verdict.CRASH, error.strerror or str(error))
            case _:
                return None


class _ClosedFirst(Broken):
    """The connection was closed before an answer began."""


def quoted(text: str) -> str:
    """Return ``text`` as one line that can be shown anywhere, cut where it is long."""
    words = "".join(each if each.isprintable() else " " for each in text[: 4 * SHOWN]).split()
    line = " ".join(words)
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}..."


def _document(content: bytes) -> Json:
    if has_too_many_values(content):
        raise Broken(Verdict.PROTOCOL_ERROR, f"an answer of more than {VALUES_LIMIT} values")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
