"""Every race of the catalogue is told in a sentence that says what its fault means.

The table was written from what each fault does, not from what the sentences say. A sentence that
lacks a fragment, or has one that must not be there, is wrong and fails; one that explains nothing
lowers the share.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import permutations

import pytest

from lockstep.case.file import Record, Setting, load
from lockstep.explain.investigate import investigate_race
from lockstep.explain.sentence import UNEXPLAINED, sentence
from lockstep.run.stores import MemoryStores
from lockstep.targets.named import open_steered
from lockstep_mutants.catalogue import ROWS, Row
from tests.repository import REPOSITORY

LEAST_SHARE = 0.9


@dataclass(frozen=True)
class Told:
    """What a right sentence holds, in this order, and what would make it wrong."""

    says: tuple[str, ...]
    never: tuple[str, ...] = field(default=())


def told(*says: str, never: tuple[str, ...] = ()) -> Told:
    return Told(says, never)


TOO_EARLY = ("t1 read bob's balance as 0", "before t0 published 10")
NOT_READ = ("as 10", "never executed")

MEANINGS = {
    # A read served by storage is taken for valid after a lower transaction has written there.
    "X01": told(
        *TOO_EARLY, "found valid", "INSUFFICIENT_BALANCE is stale", "SUCCESS", never=NOT_READ
    ),
    # What only the aborted incarnation wrote is not removed.
    "X03": told(
        "incarnation 0 of t1", "aborted", "incarnation 1 ended with NONCE_TOO_LOW", "not removed"
    ),
    # Nobody validates again after a write of a new location.
    "X05": told(*TOO_EARLY, "never validated again", "SUCCESS", never=("found valid",)),
    # What waited for a transaction is made ready, and nobody is sent to execute it.
    "X07": told("t2 was aborted", "waited for t1", "never executed", never=("published",)),
    # A failed incarnation leaves no read set.
    "X08": told(*TOO_EARLY, "read set does not hold", "SUCCESS", never=("found valid",)),
    # That an account is absent is not in the read set.
    "X09": told("t1 read account bob as absent", "before t0", "read set does not hold"),
    # A credit that commutes does not invalidate the reader of the balance.
    "X10": told("t1 read bob's balance as 0", "before t0 added 10", "found valid", "SUCCESS"),
    # The receiver is no conflict: its own payment runs beside the credit.
    "X12a": told("t0 read bob's balance as 10", "before t1 published 9", "published 11 over it"),
    "X12b": told("t0 read carol's balance as 2", "before t1 published 1", "published 3 over it"),
    "X12a-dag": told("t0 read bob's balance as 10", "before t1 published 9", "11 over it"),
    # A credit and a later payment of the account credited run side by side.
    "X12c": told(
        "t1 read bob's balance as 0 before t0 published 1", "INSUFFICIENT_BALANCE", "SUCCESS"
    ),
    # What an aborted incarnation wrote enters the cache of the next block.
    "X14": told(
        "t2 read carol's balance as 1", "sequentially 0", "incarnation 0 of t1", "earlier block",
        "aborted",
    ),
    # The counter that the limit is checked against is not in the read set.
    "X16": told(
        "t1 read the burned counter as 18446744073709551610",
        "before t0 published 18446744073709551614",
        "read set does not hold",
        "SUCCESS is stale",
        "OVERFLOW",
    ),
    # An abort leaves the value that it takes back, and somebody relies on it.
    "X18": told(
        "t2 read bob's balance as 0",
        "as of incarnation 0 of t1",
        "before t1 published 5 in incarnation 1",
        "published 1, sequentially 6",
    ),
    # A result is kept though what it read has changed.
    "X19": told(*TOO_EARLY, "was not run again", "INSUFFICIENT_BALANCE is stale", "SUCCESS"),
    # Read in one step, written in another.
    "X28": told(
        "t0 read the burned counter as 0 before t1 published 1", "published 1 over it",
        "sequentially 2",
    ),
    "X28-credit": told(
        "t0 read carol's balance as 0 before t1 published 1", "published 1 over it",
        "sequentially 2",
    ),
    # A failure stops one before it, which would have failed itself.
    "X30": told("t0 read the lowest failure as 1", "t1 had published already", "no receipt"),
}  # fmt: skip


def record_of(row: Row) -> Record:
    return load(REPOSITORY / "corpora" / "mutants" / row.case)


RACES = {row.id: row for row in ROWS if row.deviations}


def sentence_of(row: Row) -> str:
    record = record_of(row)
    setting = replace(record.setting or Setting(), driver="scheduled")
    with open_steered(setting, MemoryStores()) as lane:
        race = investigate_race(lane, record.case, record.schedule).race
    assert race is not None
    return sentence(race)


def test_every_race_of_the_catalogue_has_its_meaning_in_the_table() -> None:
    assert MEANINGS.keys() == RACES.keys()


def complaints(name: str, said: str) -> list[str]:
    """Return what is wrong with a sentence that explains something."""
    found, position = [], 0
    for fragment in MEANINGS[name].says:
        at = said.find(fragment, position)
        if at < 0:
            found.append(f"{fragment!r} is not where it belongs")
        position = max(at, position)
    return [*found, *(f"{each!r} is wrong" for each in MEANINGS[name].never if each in said)]


@pytest.mark.parametrize("name", RACES)
def test_no_race_of_the_catalogue_is_told_wrongly(name: str) -> None:
    said = sentence_of(RACES[name])
    assert said == UNEXPLAINED or complaints(name, said) == [], said


def test_of_ten_races_at_least_nine_are_told_rightly() -> None:
    right = [
        name
        for name, row in RACES.items()
        if (said := sentence_of(row)) != UNEXPLAINED and not complaints(name, said)
    ]
    assert len(right) >= LEAST_SHARE * len(RACES), RACES.keys() - right


def test_a_sentence_of_another_race_is_wrong() -> None:
    """The table tells the sentences apart, but for the two that are of the same race."""
    said = {name: sentence_of(row) for name, row in RACES.items()}
    for name, other in permutations(RACES, 2):
        if {name, other} != {"X12a", "X12a-dag"}:
            assert complaints(name, said[other]), (name, other)
