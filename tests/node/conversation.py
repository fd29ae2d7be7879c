"""What the node answers to each request of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from tests.node.faults import Fault
from tests.node.paths import Executed, Request, execute
from tests.node.state import MOST, State, document_of, modified, state_of
from tests.node.versions import Versions

Document = Mapping[str, Any]

CAPABILITIES = {
    "payloads": ["transfers", "burn", "set_multisig", "nonce_bump", "undecodable", "unsupported"],
    "policies": ["skip", "atomic"],
    "signatures": ["precomputed"],
    "terms": ["rewards", "fees_to", "lone"],
    "parallel": True,
    "state_export": True,
    "history": ["rewind", "read_state"],
    "heights": {"highest": str(MOST - 1)},
    "references": ["tip", "older", "before_change"],
    "jitter": True,
}


class FailedError(Exception):
    """The request cannot be served; the text is the code of the error."""


class Conversation:
    """The node, and whether it was told goodbye."""

    def __init__(self, faults: Collection[Fault]) -> None:
        self.has_ended = False
        self._faults = frozenset(faults)
        self._versions: Versions | None = None
        self._verbs: dict[str, Callable[[Document], Document]] = {
            "hello": self._hello,
            "echo": lambda request: {"text": request["text"]},
            "load_state": self._load,
            "execute_block": self._execute,
            "export_state": lambda _: {"state": document_of(self._held().newest.state)},
            "rewind": self._rewind,
            "read_state": self._read,
            "reset": self._reset,
            "bye": self._bye,
        }

    def answer(self, request: Document) -> Document:
        """Return the answer; a failure is an answer too."""
        kind, number = request.get("type"), request.get("id")
        verb = self._verbs.get(str(kind))
        try:
            if verb is None:
                raise FailedError("malformed" if kind is None else "unknown_message")
            return {"type": kind, "id": number, **verb(request)}
        except FailedError as error:
            return {"type": "error", "id": number, "code": str(error), "text": ""}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return {"type": "error", "id": number, "code": "malformed", "text": repr(error)}

    def _held(self) -> Versions:
        if self._versions is None:
            raise FailedError("no_state")
        return self._versions

    def _hello(self, request: Document) -> Document:
        if request["protocol"] != 1:
            raise FailedError("version")
        build = ", ".join(sorted(each.value for each in self._faults)) or "right"
        head = {"protocol": 1, "minor": 1, "name": "node", "version": "1", "build": build}
        return {**head, "capabilities": CAPABILITIES}

    def _load(self, request: Document) -> Document:
        number = int(request.get("topoheight", 0))
        self._versions = Versions(number, request.get("hash", ""), state_of(request["state"]))
        return {}

    def _rewind(self, request: Document) -> Document:
        if not self._held().rewind(request["blocks"]):
            raise FailedError("no_state")
        return {}

    def _read(self, request: Document) -> Document:
        version = self._held().at(int(request["topoheight"]))
        if version is None:
            raise FailedError("no_state")
        return {"state": document_of(version.state)}

    def _reset(self, _: Document) -> Document:
        self._versions = None
        return {}

    def _bye(self, _: Document) -> Document:
        self.has_ended = True
        return {}

    def _execute(self, request: Document) -> Document:
        versions = self._held()
        jitter = request.get("jitter")
        parallel = request["mode"] == "parallel"
        asked = Request(
            request["block"], parallel, request["workers"], None if jitter is None else int(jitter)
        )
        before = versions.newest.state
        done = execute(asked, versions, self._faults)
        itself = parallel and Fault.LINKED_TO_ITSELF in self._faults and done.state == before
        versions.add(request.get("hash", ""), done.state, linked_to_itself=itself)
        statistics = {"mode": request["mode"], "highest_concurrency": max(done.most_at_once, 1)}
        outcome = _outcome(request["block"], before, done)
        return {"outcome": outcome, "statistics": statistics, "trace": None}


def _outcome(block: Document, before: State, done: Executed) -> Document:
    ways = zip(block["transactions"], done.codes, done.costs, strict=False)
    receipts = [
        {"index": index, "hash": each["hash"], "code": code, "gas_used": str(cost)}
        for index, (each, code, cost) in enumerate(ways)
    ]
    if done.rejected is not None:
        code, index = done.rejected
        return {
            "receipts": receipts,
            "rejection": {"code": code, "index": index},
            **modified(before, before),
            "burned": "0",
            "fees": "0",
            "height": "0",
        }
    return {
        "receipts": receipts,
        "rejection": None,
        **modified(before, done.state),
        "burned": str(done.state.burned - before.burned),
        "fees": str(done.fees),
        "height": str(done.state.height - before.height),
    }
