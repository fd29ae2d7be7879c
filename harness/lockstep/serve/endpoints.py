"""The endpoints: from a method, a path and a body to a status and a document, nothing of sockets.

Invariant: every request has an answer; what is wrong with a request is a 4xx with a sentence, what
is wrong with the executor a 500, and neither changes the state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from lockstep.foreign.text import named_error
from lockstep.published.document import Json, JsonObject, OutOfScopeError, list_of, object_of
from lockstep.published.transaction import arrival_of
from lockstep.serve.ledger import EMPTY, Ledger
from lockstep.targets.labu.documents import (
    VALUES_LIMIT,
    has_too_many_values,
    state_document,
    state_of,
)
from lockstep_ledger.block import Envelope
from lockstep_ledger.outcome import Code, Outcome
from lockstep_ledger.wire import open_wire, seal

BODY_LIMIT = 64 * 1024 * 1024
"""Bytes of the longest body that either side takes."""


LONGEST_REASON = 1000
"""Characters of a sentence that says why something was refused."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in bytes, and their content type."""

    status: int
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a document sent as JSON, or a text sent as it is."""

    status: int
    document: JsonObject | str

    def encoded(self) -> Reply:
        """Return the answer in bytes."""
        if isinstance(self.document, str):
            return Reply(self.status, "text/plain", self.document.encode())
        return Reply(self.status, "application/json", json.dumps(self.document).encode())


class Refused(Exception):
    """The request cannot be carried out: the status and the sentence that say why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


Handler: TypeAlias = Callable[[Ledger, Json], Answer]


def answer(ledger: Ledger, method: str, path: str, body: bytes | bytearray) -> Answer:
    """Carry out one request on ``ledger``."""
    try:
        wanted, handler = _route(path)
        if method != wanted:
            raise Refused(405, f"{path} is for {wanted}, not for {method}")
        return handler(ledger, _document(body) if wanted == "POST" else None)
    except Refused as refused:
        return refusal(refused.status, str(refused))
    except OutOfScopeError as error:
        return refusal(400, str(error))
    except Exception as error:
        return refusal(500, f"the executor failed: {named_error(error)}")


def refusal(status: int, text: str) -> Answer:
    """Return the answer to a request that was not carried out."""
    return Answer(status, {"success": False, "error": " ".join(text.split())[:LONGEST_REASON]})


def _route(path: str) -> tuple[str, Handler]:
    route = ROUTES.get(path.partition("?")[0])
    if route is None:
        raise Refused(404, f"no endpoint {path}; there are {', '.join(ROUTES)}")
    return route


def _document(body: bytes | bytearray) -> Json:
    """Return the JSON of a body; an empty one is an empty object."""
    if not body:
        return {}
    if has_too_many_values(body):
        raise Refused(413, f"the body has more than {VALUES_LIMIT} values")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is not JSON: {error}") from error


def _health(_ledger: Ledger, _body: Json) -> Answer:
    return Answer(200, "OK\n")


def _reset(ledger: Ledger, _body: Json) -> Answer:
    ledger.state = EMPTY
    return Answer(200, {"success": True, "state_digest": ledger.digest()})


def _load(ledger: Ledger, body: Json) -> Answer:
    if object_of(body, "the state").get("accounts") is None:
        raise OutOfScopeError("the state has no accounts")
    ledger.state = state_of(body, "the state")
    return Answer(200, {"success": True, "state_digest": ledger.digest()})


def _export(ledger: Ledger, _body: Json) -> Answer:
    return Answer(200, state_document(ledger.state))


def _digest(ledger: Ledger, _body: Json) -> Answer:
    return Answer(200, {"state_digest": ledger.digest()})


def _execute_transaction(ledger: Ledger, body: Json) -> Answer:
    envelope = _envelope(object_of(body, "the body"), "the body")
    executed = ledger.execute([envelope], advances_height=False)
    return Answer(200, _result(executed.outcome, executed.digest))


def _execute_block(ledger: Ledger, body: Json) -> Answer:
    listing = list_of(object_of(body, "the body").get("txs"), "txs")
    envelopes = [_envelope(each, f"txs[{index}]") for index, each in enumerate(listing)]
    executed = ledger.execute(envelopes, advances_height=True)
    return Answer(200, _result(executed.outcome, executed.digest))


def _envelope(entry: Json, where: str) -> Envelope:
    arrival = arrival_of(entry, where)
    return open_wire(arrival) if isinstance(arrival, bytes) else seal(arrival)


def _result(outcome: Outcome, digest: str) -> JsonObject:
    rejection = outcome.rejection
    code = Code.SUCCESS if rejection is None else rejection.code
    return {
        "success": rejection is None,
        "error_code": int(code),
        "state_digest": digest,
        "error": None if rejection is None else _reason(code, rejection.index),
    }


def _reason(code: Code, index: int | None) -> str:
    return code.name if index is None else f"{code.name} in transaction {index}"


ROUTES: Mapping[str, tuple[str, Handler]] = {
    "/health": ("GET", _health),
    "/state/reset": ("POST", _reset),
    "/state/load": ("POST", _load),
    "/state/export": ("GET", _export),
    "/state/digest": ("GET", _digest),
    "/tx/execute": ("POST", _execute_transaction),
    "/block/execute": ("POST", _execute_block),
}
"""Every endpoint: its method and what carries it out."""
