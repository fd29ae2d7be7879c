"""How a target whose interleavings are its own is asked to execute a block: path, workers, seed."""

from __future__ import annotations

from dataclasses import dataclass

PARALLEL, SEQUENTIAL = "parallel", "sequential"
SERVER = "server"
"""What a server is asked: it has one way, and nothing of it can be chosen."""


@dataclass(frozen=True, slots=True)
class Manner:
    """One way to execute a block. At most one of ``seed``, ``trace`` and ``jitter`` is given."""

    mode: str = PARALLEL
    workers: int = 4
    seed: int | None = None
    trace: tuple[str, ...] | None = None
    jitter: int | None = None

    def __str__(self) -> str:
        if self.mode == SEQUENTIAL:
            return SEQUENTIAL
        if self.mode == SERVER:
            return "the server's own way"
        words = "1 worker" if self.workers == 1 else f"{self.workers} workers"
        if self.seed is not None:
            words += f", seed {self.seed}"
        if self.jitter is not None:
            words += f", jitter {self.jitter}"
        return words + (", its own trace" if self.trace is not None else "")
