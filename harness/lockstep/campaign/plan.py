"""Everything that decides what a campaign does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lockstep.campaign.health import KINDS
from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.corpus.feedback import MUTATED_SHARE
from lockstep.findings.finding import FINDINGS
from lockstep.generate.carving import WHOLE, Carving
from lockstep.targets.named import find
from lockstep.targets.target import Projection

_CLASSES = {
    "burn": "Burn",
    "multisig": "SetMultisig",
    "nonce_bump": "NonceBump",
    "transfers": "Transfers",
}
"""What the classes of payloads are called, by the words that cases are carved by."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides what a campaign does; ``database`` None is a temporary one.

    ``strategy`` names the one that draws schedules, None for the usual mix.

    ``seeds`` are run first, as they are. ``mutated`` is the share of the other cases that are near
    a seed or a case of the chunk that did something new. ``carving`` is what cases are made
    without; the seeds stay as they are. ``known`` are the kinds of failure that are set aside,
    ``needs`` the features that each of them needs and generation leans away from.
    """

    seed: str
    settings: tuple[Setting, ...]
    storage: str = "rocksdb"
    scheme: str = "keyed-hash"
    database: Path | None = None
    seeds: tuple[Case, ...] = ()
    mutated: float = MUTATED_SHARE
    strategy: str | None = None
    findings: Path = FINDINGS
    carving: Carving = WHOLE
    known: frozenset[str] = frozenset()
    needs: tuple[frozenset[str], ...] = ()

    def label(self, position: int) -> str:
        """Return what stands for what is under test in the names of kinds.

        Of several programs without a name of the user's own, each has a number.
        """
        labels = [setting.label for setting in self.settings[: position + 1]]
        number = labels.count(labels[-1])
        executors = {each.executor for each in self.settings if each.label == labels[-1]}
        return labels[-1] if number == 1 or len(executors) == 1 else f"{labels[-1]}-{number}"

    def projections(self) -> tuple[Projection, ...]:
        """Return those that the cases go through: every one that some target needs, for all."""
        needed = (find(setting.executor).projection for setting in self.settings)
        return tuple(dict.fromkeys(each for each in needed if each is not None))

    def payloads(self) -> tuple[str, ...]:
        """Return the payloads that the cases can have, by name."""
        carved = [_CLASSES[each] for each in self.carving.kinds]
        left = [carved, *(each.payloads for each in self.projections())]
        return tuple(kind for kind in KINDS if all(kind in payloads for payloads in left))


def carved_for(settings: Iterable[Setting], by_hand: Carving = WHOLE) -> Carving:
    """Return what cases are made without that everything under ``settings`` is to support.

    Raises ``UsageError`` where that leaves nothing.
    """
    carving = by_hand
    for setting in settings:
        carving = carving.joined(find(setting.executor).carving(setting))
    return carving
