"""What a measurement was made of: a digest of a fault's source and of its row in the catalogue."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from blake3 import blake3

from lockstep.audit.subject import Subject
from lockstep.loading import imported
from lockstep.targets.named import find_inside


def digest_of(subject: Subject) -> str:
    """Return a digest that changes when the planted fault or its row does."""
    tested: list[object] = [find_inside(subject.executor).factory]
    tested += [imported(subject.storage, "storage")] if subject.storage else []
    sources = [inspect.getsource(each) for part in tested for each in _planted(part)]
    words = [repr(subject), *filter(None, [subject.storage]), *sources]
    return blake3("\x1f".join(words).encode()).hexdigest(length=8)


def _planted(tested: object) -> Iterator[type]:
    """Give the class, the ones it exchanges, and their bases, as far as they are faulty."""
    assert inspect.isclass(tested)
    parts = [getattr(tested, name) for name in sorted(dir(tested)) if name.endswith("_class")]
    for part in (tested, *parts):
        for base in inspect.getmro(part):
            if base.__module__.partition(".")[0] == "lockstep_mutants":
                yield base
