"""The messages of the contract (docs/protocol.md), one type for each thing that is said.

Invariant: what lacks a field without default, has a wrong JSON type or an unknown ``type`` does not
decode; an unknown field is ignored. Numbers and bytes are checked where they become values.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import UNSET, Struct, UnsetType

from lockstep.targets.program.capabilities import CapabilitiesMessage
from lockstep.targets.program.ledger_messages import U64, BlockMessage, Hex, StateMessage
from lockstep.targets.program.outcome_messages import OutcomeMessage, StatisticsMessage

PROTOCOL = 1
MINOR = 1
"""What was added to the version: requests and fields that only who declares them is sent."""


class ScheduleMessage(Struct, kw_only=True):
    """A wanted interleaving: from a seed, or the trace of an earlier answer."""

    seed: U64 | None = None
    trace: list[str] | None = None


class _Message(Struct, tag_field="type", kw_only=True):
    id: int


class Hello(_Message, kw_only=True, tag="hello"):
    """The first request of a process."""

    protocol: int
    minor: int = 0
    harness: str = ""


class Echo(_Message, kw_only=True, tag="echo"):
    """A request whose answer has the same text, and that answer."""

    text: str


class VersionMessage(Struct, kw_only=True):
    """A state that a chain had after a block, by the number of the version."""

    topoheight: U64
    hash: Hex
    state: StateMessage


class LoadState(_Message, kw_only=True, tag="load_state"):
    """Hold this state from now on.

    ``topoheight`` and ``hash`` number it, ``versions`` are those before it, the oldest first;
    ``secrets`` are the secret keys of test signers, by address.
    """

    state: StateMessage
    topoheight: U64 | UnsetType = UNSET
    hash: Hex | UnsetType = UNSET
    versions: list[VersionMessage] | UnsetType = UNSET
    secrets: dict[Hex, Hex] | UnsetType = UNSET


class ExecuteBlock(_Message, kw_only=True, tag="execute_block"):
    """Execute a block on the state that is held.

    ``topoheight`` and ``hash`` are those of the version that it leads to; ``jitter`` is the seed
    of pauses at random moments.
    """

    block: BlockMessage
    mode: str = "parallel"
    workers: int = 1
    force_parallel: bool = False
    deadline_ms: int = 10_000
    schedule: ScheduleMessage | None = None
    topoheight: U64 | UnsetType = UNSET
    hash: Hex | UnsetType = UNSET
    jitter: U64 | UnsetType = UNSET


class ExportState(_Message, kw_only=True, tag="export_state"):
    """Say which state is held."""


class Rewind(_Message, kw_only=True, tag="rewind"):
    """Take back the newest ``blocks`` blocks."""

    blocks: int


class ReadState(_Message, kw_only=True, tag="read_state"):
    """Say what the state was after the block that led to version ``topoheight``."""

    topoheight: U64


class Reset(_Message, kw_only=True, tag="reset"):
    """Hold no state from now on; its answer is the same."""


class Bye(_Message, kw_only=True, tag="bye"):
    """The last request; its answer is the same."""


Request: TypeAlias = (
    Hello | Echo | LoadState | ExecuteBlock | ExportState | Rewind | ReadState | Reset | Bye
)


class HelloAnswer(_Message, kw_only=True, tag="hello"):
    """Who the executor is and what it can do."""

    protocol: int
    minor: int = 0
    name: str
    version: str
    build: str = ""
    capabilities: CapabilitiesMessage


class ExecuteBlockAnswer(_Message, kw_only=True, tag="execute_block"):
    """The answer to a block; ``trace`` is how it went, in the executor's own words."""

    outcome: OutcomeMessage
    statistics: StatisticsMessage
    trace: list[str] | None = None


class LoadStateAnswer(_Message, kw_only=True, tag="load_state"):
    """The state is held."""


class ExportStateAnswer(_Message, kw_only=True, tag="export_state"):
    """The state that is held."""

    state: StateMessage


class RewindAnswer(_Message, kw_only=True, tag="rewind"):
    """The blocks are taken back."""


class ReadStateAnswer(_Message, kw_only=True, tag="read_state"):
    """The state of the version that was asked for."""

    state: StateMessage


class ErrorAnswer(Struct, tag_field="type", tag="error", kw_only=True):
    """Why there is no other answer; ``id`` None when the request's is not known."""

    id: int | None = None
    code: str
    text: str = ""


Answer: TypeAlias = (
    HelloAnswer
    | Echo
    | LoadStateAnswer
    | ExecuteBlockAnswer
    | ExportStateAnswer
    | RewindAnswer
    | ReadStateAnswer
    | Reset
    | Bye
    | ErrorAnswer
)
