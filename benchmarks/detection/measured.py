"""The measurements as kept in ``measured.json``: one entry a fault, with what it was made of."""

from __future__ import annotations

from pathlib import Path

import msgspec

FILE = Path(__file__).parent / "measured.json"


class Size(msgspec.Struct, frozen=True, order=True):
    """How large a failure is."""

    transactions: int
    deviations: int

    def __str__(self) -> str:
        return f"{self.transactions}+{self.deviations}"


class Lane(msgspec.Struct, frozen=True):
    """One way to look for a fault: the seeds tried and what they found, medians and worst."""

    tried: int
    found: int
    cases: tuple[float, float] | None
    executions: tuple[float, float] | None
    seconds: tuple[float, float] | None


class Fault(msgspec.Struct, frozen=True):
    """What was measured of one fault.

    ``usual`` is the median size of its shrunk failures, ``alike`` that of those which fail like the
    smallest known case.
    """

    id: str
    name: str
    digest: str
    masked: str
    known: Size | None
    twin: str | None
    verdicts: tuple[str, ...] = ()
    usual: Size | None = None
    alike: Size | None = None
    shrinking: float | None = None
    alarms: int = 0
    twin_executions: int = 0
    lanes: dict[str, Lane] = {}


class Measured(msgspec.Struct, frozen=True):
    """A whole measurement: the machine, what was spent, and every fault in catalogue order."""

    machine: dict[str, str]
    effort: dict[str, float]
    faults: tuple[Fault, ...]


def load() -> Measured | None:
    """Return what is kept, None if nothing is."""
    return msgspec.json.decode(FILE.read_bytes(), type=Measured) if FILE.exists() else None


def save(measured: Measured) -> None:
    """Keep ``measured``."""
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1) + b"\n")
