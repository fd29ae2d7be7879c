"""The protocol's own conformance data: recorded conversations, for tests without Python.

Invariant: every answer is the reference's outcome, and the same data comes whenever it is exported.
What an executor may say in its own way, as its name and statistics, is not part of an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from lockstep.case.realise import realise, version_hash
from lockstep.case.values import BlockStep, Case
from lockstep.check import samples
from lockstep.check.blocks import execute_request, load_request
from lockstep.check.subject import Subject
from lockstep.check.versions import BLOCKS, CHAIN, block_request, chain_states
from lockstep.compare.post_state import post_state
from lockstep.faults import UsageError
from lockstep.serve.served import Served
from lockstep.targets.named import find_inside
from lockstep.targets.program.frames import packed
from lockstep.targets.program.messages import MINOR, PROTOCOL
from lockstep.targets.program.outcomes import write_outcome
from lockstep.targets.program.program import Program
from lockstep.targets.program.schema import schema_bytes
from lockstep.targets.program.states import write_state
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_reference import block as reference

_HELLO = (
    {"type": "hello", "id": 1, "protocol": PROTOCOL, "minor": MINOR},
    {"type": "hello", "id": 1, "protocol": PROTOCOL},
)
README = """\
# Conversations of the executor protocol

Recorded by `lockstep export --protocol`. Each `*.json` is one conversation with one process:

- `needs`: what the program must declare in `hello` to be asked this; skip the file otherwise.
- `exchanges`: in order, a `request` and what the `answer` must have. An answer may have more:
  compare the fields that are here, at any depth. `created` is in any order, and a field that may
  be left out stands for its default.

Each `*.in` beside it is the requests as frames, to be piped into the program as they are.

`protocol.schema.json` has every message as JSON Schema.
"""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation: what it needs, and the exchanges of it."""

    name: str
    needs: Mapping[str, list[str]]
    exchanges: tuple[tuple[Any, Any], ...]


def conversations() -> Iterator[Conversation]:
    """Give every conversation, in a fixed order."""
    served = Served("recorded", find_inside("dag"), precomputed=True)
    subject = Subject(Program(("recorded",)), served.hello(1).capabilities)
    for kind, groups in (
        ("payloads", samples.PAYLOADS),
        ("policies", samples.POLICIES),
        ("terms", samples.TERMS),
    ):
        for name, cases in groups.items():
            for title, case in cases.items():
                needs = {"signatures": ["precomputed"], kind: [name]}
                yield Conversation(f"{name}: {title}", needs, tuple(_exchanges(case, subject)))
    needs = {"signatures": ["precomputed"], "history": ["rewind", "read_state"]}
    yield Conversation("history: a chain", needs, tuple(_chain(subject)))


def write_conversations(folder: Path) -> int:
    """Write all into ``folder`` and return how many there are. Raises ``UsageError``."""
    count = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "README.md").write_text(README, encoding="utf-8")
        (folder / "protocol.schema.json").write_bytes(schema_bytes())
        for each in conversations():
            path = folder / f"{_slug(each.name)}.json"
            path.write_bytes(_document(each))
            path.with_suffix(".in").write_bytes(_frames(each))
            count += 1
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror or error}") from error
    return count


def _exchanges(case: Case, subject: Subject) -> Iterator[tuple[Any, Any]]:
    """Give hello, the state, the first block, the state after it, and goodbye."""
    hello = {"type": "hello", "id": 1, "protocol": PROTOCOL, "minor": MINOR}
    yield hello, {"type": "hello", "id": 1, "protocol": PROTOCOL}
    load = load_request(case)
    yield load, {"type": "load_state", "id": load["id"]}
    step = case.steps[0]
    assert isinstance(step, BlockStep)
    storage = MemoryStorage(case.state)
    outcome = reference.execute(realise(step, case.scheme), storage, SCHEMES[case.scheme])
    execute = execute_request(case, subject)
    written = msgspec.to_builtins(write_outcome(outcome))
    yield execute, {"type": "execute_block", "id": execute["id"], "outcome": written}
    after = msgspec.to_builtins(write_state(post_state(case.state, outcome.changes)))
    export = {"type": "export_state", "id": 91}
    yield export, {**export, "state": after}
    yield {"type": "bye", "id": 92}, {"type": "bye", "id": 92}


def _chain(subject: Subject) -> Iterator[tuple[Any, Any]]:
    """Give a chain of blocks, every version of it, and what a rewind leaves."""
    yield _HELLO
    states = [msgspec.to_builtins(write_state(each)) for each in chain_states()]
    load = {**load_request(CHAIN), "topoheight": "0", "hash": version_hash(0).hex()}
    yield load, {"type": "load_state", "id": load["id"]}
    for number in range(BLOCKS):
        request = block_request(subject, number)
        yield request, {"type": "execute_block", "id": request["id"]}
    for number, state in enumerate(states):
        read = {"type": "read_state", "id": 300 + number, "topoheight": str(number)}
        yield read, {"type": "read_state", "id": read["id"], "state": state}
    rewind = {"type": "rewind", "id": 400, "blocks": 2}
    yield rewind, {"type": "rewind", "id": 400}
    read = {"type": "read_state", "id": 401, "topoheight": str(BLOCKS - 2)}
    yield read, {"type": "read_state", "id": 401, "state": states[-3]}
    gone = {"type": "read_state", "id": 402, "topoheight": str(BLOCKS)}
    yield gone, {"type": "error", "id": 402, "code": "no_state"}


def _document(conversation: Conversation) -> bytes:
    exchanges = [{"request": each, "answer": answer} for each, answer in conversation.exchanges]
    whole = {"name": conversation.name, "needs": conversation.needs, "exchanges": exchanges}
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def _frames(conversation: Conversation) -> bytes:
    return b"".join(packed(msgspec.json.encode(each)) for each, _ in conversation.exchanges)


def _slug(name: str) -> str:
    words = "".join(each if each.isalnum() else " " for each in name).split()
    return "-".join(words).lower()
