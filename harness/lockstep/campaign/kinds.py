"""Which kinds of failure the bins of a campaign hold.

Failures are put into bins by what they look like; a few of each bin are shrunk, and the form of the
smallest case names the kind. So bins of one form are one kind, and a bin with two forms is two.
Invariant: what is shrunk depends on the cases alone, not on time or on the number of processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping


class Kinds:
    """The kinds that were found in each bin, in the order in which they were found."""

    def __init__(self, known: Collection[str] = ()) -> None:
        self._known = frozenset(known)
        self._in_bin: dict[str, list[str]] = {}
        self._chunks: Counter[str] = Counter()

    @property
    def found(self) -> frozenset[str]:
        """Every kind there is."""
        return frozenset(kind for kinds in self._in_bin.values() for kind in kinds)

    def is_due(self, name: str) -> bool:
        """Tell, once a chunk, whether this chunk's first failure of a bin is to be shrunk, too.

        That is so in the first, second, fourth, eighth chunk that has any, and so on: ever fewer.
        """
        self._chunks[name] += 1
        return self._chunks[name].bit_count() == 1

    def is_known(self, kind: str) -> bool:
        """Tell whether ``kind`` was known before the campaign and is set aside."""
        return kind in self._known

    def are_known(self, name: str) -> bool:
        """Tell whether all that was found in a bin is set aside, and something was."""
        kinds = self._in_bin.get(name, [])
        return bool(kinds) and self._known.issuperset(kinds)

    def is_new(self, name: str) -> bool:
        """Tell whether nothing of bin ``name`` was shrunk before."""
        return name not in self._in_bin

    def put(self, name: str, kind: str) -> bool:
        """Note that bin ``name`` holds ``kind``; tell whether that is a new one."""
        new = kind not in self.found
        kinds = self._in_bin.setdefault(name, [])
        if kind not in kinds:
            kinds.append(kind)
        return new

    def counted(self, bins: Mapping[str, int]) -> Counter[str]:
        """Count failures by kind, as far as that is known: those of a bin as its first kind."""
        counted = Counter(dict.fromkeys(self.found, 0))
        for name, count in bins.items():
            counted[self._in_bin.get(name, [name])[0]] += count
        return Counter({kind: max(count, 1) for kind, count in counted.items()})
