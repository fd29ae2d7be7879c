"""A file keeps what it was judged by, and says nothing of it where that is the reference."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lockstep.case.file import CaseFileError, Setting, from_bytes, to_bytes
from lockstep.case.judging import EXACTLY, NOTHING, Asked, Codes, Judging, Part
from tests.harness.small import record

OTHER = Judging("sequential", Codes.CLASS, (Part.FEES, Part.GAS), invariants=True)


def test_judging_is_kept_and_its_default_leaves_no_trace() -> None:
    plain = record(setting=Setting("dag"))
    judged = replace(plain, setting=Setting("dag", judging=OTHER))
    assert from_bytes(to_bytes(judged)) == judged
    assert b"oracle" not in to_bytes(plain)
    for part in (b'"oracle": "sequential"', b'"codes": "class"', b'"invariants": true'):
        assert part in to_bytes(judged)


@pytest.mark.parametrize(
    ("kept", "broken"),
    [(b'"codes": "class"', b'"codes": "some"'), (b'"fees"', b'"fee"'), (b'"sequential"', b'""')],
)
def test_what_nobody_can_judge_by_is_refused(kept: bytes, broken: bytes) -> None:
    data = to_bytes(record(setting=Setting("dag", judging=OTHER)))
    with pytest.raises(CaseFileError):
        from_bytes(data.replace(kept, broken))


def test_what_is_asked_for_takes_the_place_of_what_a_file_says_and_nothing_else_does() -> None:
    assert NOTHING.over(OTHER) == OTHER
    assert Asked("reference").over(OTHER) == replace(OTHER, oracle="reference")
    assert Asked(codes="success").over(OTHER) == replace(OTHER, codes=Codes.SUCCESS)
    assert Asked(ignored=("hash", "burned", "hash")).over(OTHER).ignored == ("burned", "hash")
    assert Asked(invariants=True).over() == Judging(invariants=True)


def test_the_default_has_no_words_and_all_else_has() -> None:
    assert list(EXACTLY.words()) == []
    assert list(OTHER.words()) == [
        "judged by its own sequential mode",
        "held to the invariants of the reference's rules",
        "codes compared by class",
        "fees, gas ignored",
    ]
