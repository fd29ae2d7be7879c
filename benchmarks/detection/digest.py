"""What a measurement was made of: a digest of a fault's source and of its row in the catalogue."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from blake3 import blake3

from lockstep.audit.subject import Subject
from lockstep.targets.named import find_inside


def digest_of(subject: Subject) -> str:
    """Return a digest that changes when the planted fault or its row does."""
    executor = find_inside(subject.executor).factory
    assert inspect.isclass(executor)
    sources = [inspect.getsource(each) for each in _planted(executor)]
    return blake3("\x1f".join([repr(subject), *sources]).encode()).hexdigest(length=8)


def _planted(executor: type) -> Iterator[type]:
    """Give the executor, the classes it exchanges, and their bases, as far as they are faulty."""
    parts = [getattr(executor, name) for name in sorted(dir(executor)) if name.endswith("_class")]
    for part in (executor, *parts):
        for base in inspect.getmro(part):
            if base.__module__.partition(".")[0] == "lockstep_mutants":
                yield base
