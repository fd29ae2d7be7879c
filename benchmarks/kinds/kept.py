"""The measurements as kept in ``measured.json``, each with what it was measured with."""

from __future__ import annotations

from pathlib import Path

import msgspec

FILE = Path(__file__).parent / "measured.json"


class Sorted(msgspec.Struct, frozen=True):
    """One fault over a campaign: failing cases, the bins they fell into, kinds, CPU-seconds."""

    id: str
    cases: int
    failing: int
    bins: int
    kinds: int
    forms: tuple[str, ...]
    seconds: float


class Pair(msgspec.Struct, frozen=True):
    """Two faults in one executor.

    ``alone`` are the CPU-seconds until the slower was reported in an executor of its own, None if
    that one was not; ``apart`` those until both were reported as kinds of their own, None if they
    never were. ``hidden`` names the one that makes no difference beside the other.
    """

    name: str
    alone: float | None
    apart: float | None
    kinds: int
    hidden: str = ""


class Measured(msgspec.Struct, frozen=True):
    """What was measured, by fault and by pair."""

    machine: dict[str, str] = {}
    faults: dict[str, Sorted] = {}
    pairs: dict[str, Pair] = {}


def load() -> Measured:
    """Return what is kept."""
    return msgspec.json.decode(FILE.read_bytes(), type=Measured) if FILE.exists() else Measured()


def save(measured: Measured) -> None:
    """Keep ``measured``."""
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(measured, order="sorted"), indent=1))
