"""The hand-written vectors as the package ships them: what every campaign begins with.

Invariant: ``vectors.jsonl`` beside this file holds the cases of the vectors, one a line, without
what is expected of them. Those with the fewest transactions come first: what they show is told of
in its simplest form. Run as ``python -m lockstep.corpus.shipped corpora/vectors``, this writes the
file anew from a folder of vectors.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import msgspec

from lockstep.case.file import Record, from_bytes, load, to_bytes
from lockstep.case.values import Case

SHIPPED = Path(__file__).with_name("vectors.jsonl")


@lru_cache(maxsize=4)
def shipped_cases(scheme: str) -> tuple[Case, ...]:
    """Return the cases, under a signature scheme."""
    records = map(from_bytes, SHIPPED.read_bytes().splitlines())
    return tuple(replace(record.case, scheme=scheme) for record in records)


def lines_of(folder: Path) -> Iterator[bytes]:
    """Give a line for every vector in ``folder``."""
    records = [
        Record(load(path).case, {"kind": "vector", "name": path.stem})
        for path in sorted(folder.glob("*.json"))
    ]
    for record in sorted(records, key=lambda each: each.case.transactions()):
        document = msgspec.json.decode(to_bytes(record))
        yield msgspec.json.encode(document, order="sorted") + b"\n"


if __name__ == "__main__":
    SHIPPED.write_bytes(b"".join(lines_of(Path(sys.argv[1]))))
