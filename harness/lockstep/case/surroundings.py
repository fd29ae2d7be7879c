"""What a program is started in: variables of its environment, its folder.

Invariant: a variable has a name that a process can have, and neither holds a zero byte.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``variables`` are set beside those that we have; ``folder`` is the current one, "": ours."""

    variables: tuple[tuple[str, str], ...] = ()
    folder: str = ""

    def over(self, other: Surroundings) -> Surroundings:
        """Return ``other`` as far as nothing else is said here."""
        return Surroundings(self.variables or other.variables, self.folder or other.folder)

    def problem(self) -> str:
        """Say why no program can be started in these; empty if one can."""
        for name, value in self.variables:
            if not name or "=" in name or "\0" in name + value:
                return f"{name}={value} is no variable of an environment"
        return "a folder's name with a zero byte" if "\0" in self.folder else ""


OURS = Surroundings()
