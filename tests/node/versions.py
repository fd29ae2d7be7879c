"""The versions of the state since it was loaded, each linked to the one before it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.node.state import State


@dataclass(slots=True, eq=False)
class Version:
    """A state with its number and hash; ``previous`` is the version before, None for the first."""

    topoheight: int
    hash: str
    state: State
    previous: Version | None


class Versions:
    """The chain of versions, from its ``newest`` one back."""

    def __init__(self, topoheight: int, hash_: str, state: State) -> None:
        self.newest = Version(topoheight, hash_, state, None)

    def add(self, hash_: str, state: State, *, linked_to_itself: bool) -> None:
        """Add the version of a block."""
        self.newest = Version(self.newest.topoheight + 1, hash_, state, self.newest)
        if linked_to_itself:
            self.newest.previous = self.newest

    def at(self, topoheight: int) -> Version | None:
        """Return the version with this number, if there is one."""
        version: Version | None = self.newest
        while version is not None and version.topoheight > topoheight:
            version = version.previous
        return version if version is not None and version.topoheight == topoheight else None

    def rewind(self, blocks: int) -> bool:
        """Take back the newest blocks; tell whether there were as many."""
        version = self.at(self.newest.topoheight - blocks)
        if version is None:
            return False
        self.newest = version
        return True
