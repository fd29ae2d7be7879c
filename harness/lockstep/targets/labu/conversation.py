"""What is said to a labu server, and what its answers must look like.

Invariant: an answer of the right shape becomes a value, any other is ``Broken``: 5xx as a crash of
the server, all else as a protocol error. Nothing is filled in for what an answer leaves out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lockstep.published.document import JsonObject, OutOfScopeError, given
from lockstep.targets.labu.client import SHOWN, Broken, Client, Reply, quoted
from lockstep.targets.labu.documents import state_document, state_of
from lockstep.verdict import Verdict
from lockstep_ledger.model import State


class StateRefused(Exception):
    """The server says that it cannot hold the state."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the server says about a block; a ``digest`` of None was not given."""

    success: bool
    code: int
    digest: str | None


class Conversation:
    """Speaks to the server behind ``client``."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def health(self) -> None:
        """Ask whether the server is there. Raises ``Broken``."""
        _well(self._client.call("GET", "/health"), "/health")

    def load(self, state: State) -> None:
        """Load ``state``. Raises ``StateRefused`` and ``Broken``.

        A server refuses with a 4xx that says ``"success": false`` and why.
        """
        reply = self._client.call("POST", "/state/load", state_document(state))
        if 400 <= reply.status < 500 and isinstance(reply.document, dict):
            error = reply.document.get("error")
            if reply.document.get("success") is False and isinstance(error, str):
                raise StateRefused(f"the server refuses the state: {quoted(error)}")
        document = _object(_well(reply, "/state/load"), "/state/load")
        if document.get("success", True) is not True:
            raise _wrong("/state/load", f"status 200 and success {document['success']}")

    def execute(self, wires: Sequence[bytes], *, lone: bool) -> Result:
        """Execute a block, or the one transaction of ``wires`` by itself. Raises ``Broken``.

        Labu answers 4xx where the bytes are no transaction; with an error code that is a result.
        """
        entries = [{"wire_hex": wire.hex()} for wire in wires]
        if lone:
            (entry,) = entries
            path, reply = "/tx/execute", self._client.call("POST", "/tx/execute", entry)
        else:
            path = "/block/execute"
            reply = self._client.call("POST", path, {"txs": entries})
        rejected = 400 <= reply.status < 500 and _has_code(reply)
        return _result(_object(reply if rejected else _well(reply, path), path), path)

    def export(self) -> State:
        """Return the state that the server holds. Raises ``Broken``."""
        path = "/state/export"
        document = _object(_well(self._client.call("GET", path), path), path)
        try:
            return state_of(document, "the state")
        except OutOfScopeError as error:
            raise _wrong(path, str(error)) from error


def _well(reply: Reply, path: str) -> Reply:
    """Return ``reply`` if its status is 200."""
    if reply.status == 200:
        return reply
    verdict = Verdict.CRASH if reply.status >= 500 else Verdict.PROTOCOL_ERROR
    raise Broken(verdict, f"{path}: status {reply.status}: {_quoted(reply)}")


def _object(reply: Reply, path: str) -> JsonObject:
    if not isinstance(reply.document, dict):
        raise _wrong(path, f"not a JSON object: {_quoted(reply)}")
    return reply.document


def _has_code(reply: Reply) -> bool:
    return isinstance(reply.document, dict) and reply.document.get("error_code") is not None


def _result(document: JsonObject, path: str) -> Result:
    success, code = document.get("success"), document.get("error_code")
    digest = given(document, "state_digest", "")
    if not isinstance(success, bool):
        raise _wrong(path, "success is neither true nor false")
    if type(code) is not int:
        raise _wrong(path, "error_code is not an integer")
    if not isinstance(digest, str):
        raise _wrong(path, "state_digest is not a string")
    return Result(success, code, digest.lower() or None)


def _wrong(path: str, text: str) -> Broken:
    return Broken(Verdict.PROTOCOL_ERROR, f"{path}: {text}")


def _quoted(reply: Reply) -> str:
    document = reply.document
    if isinstance(document, dict) and isinstance(document.get("error"), str):
        return quoted(document["error"])
    return quoted(reply.body[: 2 * SHOWN].decode(errors="replace"))
