"""A server is held against any oracle that is named, as far as codes and columns are compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lockstep.case.file import Setting
from lockstep.case.judging import EXACTLY, Codes, Judging, Part
from lockstep.run.stores import MemoryStores
from lockstep.serve.ledger import Ledger
from lockstep.targets.labu.conversation import Result
from lockstep.targets.labu.judge import differences
from lockstep.targets.named import find_inside, open_lane
from lockstep.verdict import Verdict
from lockstep_ledger.model import NATIVE, Burn, Chain, Policy, State
from lockstep_ledger.outcome import NO_CHANGES, Code, Outcome, Rejection
from tests.harness.serve.serving import serving
from tests.harness.small import block, case_of, pays
from tests.harness.targets.test_oracles import OTHER

REFUSED = Outcome((), NO_CHANGES, rejection=Rejection(0, Code.NONCE_TOO_LOW))
BEFORE = State(Chain(height=1), {})
ITS_OWN = 0x9999
"""A code that is none of ours."""
BURNING = case_of(block(replace(pays("t0", 0), payload=Burn(NATIVE, 5)), policy=Policy.ATOMIC))


@pytest.mark.parametrize(
    ("code", "codes", "same"),
    [
        (Code.NONCE_TOO_HIGH, Codes.EXACT, False),
        (Code.NONCE_TOO_HIGH, Codes.CLASS, True),
        (Code.OVERFLOW, Codes.CLASS, False),
        (Code.OVERFLOW, Codes.SUCCESS, True),
        (ITS_OWN, Codes.CLASS, False),
        (ITS_OWN, Codes.SUCCESS, True),
        (Code.SUCCESS, Codes.SUCCESS, False),
    ],
)
def test_codes_are_compared_as_far_as_is_said_also_those_of_its_own(
    code: int, codes: Codes, same: bool
) -> None:
    told = Result(success=False, code=code, digest=None)
    found = differences(REFUSED, BEFORE, told, BEFORE, Judging(codes=codes))
    assert ("error_code" not in {each.field for each in found}) is same


def test_a_column_that_is_left_out_is_not_compared_and_no_other_is_left_out() -> None:
    told = Result(success=False, code=Code.NONCE_TOO_LOW, digest="00" * 32)
    exported = replace(BEFORE, chain=Chain(height=2))
    fields = {each.field for each in differences(REFUSED, BEFORE, told, exported, EXACTLY)}
    assert fields == {"stored state", "state_digest"}
    assert differences(REFUSED, BEFORE, told, exported, Judging(ignored=(Part.HEIGHT,))) == ()
    assert differences(REFUSED, BEFORE, told, exported, Judging(ignored=(Part.BURNED,)))


def test_a_server_of_other_rules_agrees_with_an_oracle_of_the_same() -> None:
    """It counts no burns; what it burns is what differs."""
    case = case_of(block(pays("t0", 0), policy=Policy.ATOMIC))
    with serving(Ledger(find_inside(OTHER), 1)) as server:
        name = f"http://127.0.0.1:{server.server_address[1]}"
        for judging in (EXACTLY, Judging(OTHER), Judging("dag")):
            with open_lane(Setting(name, judging=judging), MemoryStores()) as lane:
                assert lane.run_plain(case).verdict is Verdict.AGREE
                burnt = lane.run_plain(BURNING)
            expected = Verdict.AGREE if judging.oracle == OTHER else Verdict.DIVERGE
            assert burnt.verdict is expected, burnt.differences
