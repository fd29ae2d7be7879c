"""What a target is judged by: whose outcome counts, and how much of it is compared.

Invariant: by default the reference's outcome counts and all of it is compared; whatever is left out
has words that say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

REFERENCE, SEQUENTIAL = "reference", "sequential"
"""The oracles that are no executor's name: ours, and the target's own sequential mode."""


class Codes(StrEnum):
    """How much of the code of a failure is compared."""

    EXACT = "exact"
    CLASS = "class"
    SUCCESS = "success"


class Part(StrEnum):
    """What of an outcome can be left out: two parts of a receipt, then fields of their own."""

    HASH = "hash"
    GAS = "gas"
    REJECTION = "rejection"
    NONCES = "modified_nonces"
    BALANCES = "modified_balances"
    MULTISIGS = "modified_multisigs"
    ENERGIES = "modified_energies"
    CREATED = "created"
    BURNED = "burned"
    HEIGHT = "height"
    FEES = "fees"


@dataclass(frozen=True, slots=True)
class Judging:
    """Whose outcome counts, how much of codes is compared, which parts are left out.

    ``oracle`` is ``REFERENCE``, ``SEQUENTIAL`` or the name of an executor. ``invariants`` asks for
    those that the reference's rules imply where another oracle counts.
    """

    oracle: str = REFERENCE
    codes: Codes = Codes.EXACT
    ignored: tuple[Part, ...] = ()
    invariants: bool = False

    @property
    def by_reference(self) -> bool:
        """Tell whether the reference's outcome counts."""
        return self.oracle == REFERENCE

    @property
    def whose(self) -> str:
        """Return in words whose outcome counts."""
        match self.oracle:
            case "reference":
                return "the reference"
            case "sequential":
                return "its own sequential mode"
            case name:
                return name

    def words(self) -> Iterator[str]:
        """Say what is not as it is by default."""
        if not self.by_reference:
            yield f"judged by {self.whose}"
            if self.invariants:
                yield "held to the invariants of the reference's rules"
        if self.codes is not Codes.EXACT:
            yield f"codes compared by {self.codes.value}"
        if self.ignored:
            yield f"{', '.join(self.ignored)} ignored"


EXACTLY = Judging()
"""The reference's outcome, all of it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for in place of how it would be judged; what is empty asks for nothing."""

    oracle: str | None = None
    codes: str | None = None
    ignored: tuple[str, ...] = ()
    invariants: bool = False

    def over(self, judging: Judging = EXACTLY) -> Judging:
        """Return ``judging`` as far as nothing else is asked for."""
        return Judging(
            self.oracle or judging.oracle,
            judging.codes if self.codes is None else Codes(self.codes),
            tuple(sorted(set(map(Part, self.ignored)))) or judging.ignored,
            self.invariants or judging.invariants,
        )


NOTHING = Asked()
