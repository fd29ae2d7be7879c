"""A program that speaks version 1 and nothing newer is spoken to as it always was."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from blake3 import blake3

from lockstep.case.file import Setting
from lockstep.generate.mixture import case_at
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.targets.program.target import ProgramLane
from lockstep.verdict import Verdict
from tests.harness.targets.program.inside import Inside, inside

OLD: tuple[str, ...] = ("payloads", "policies", "signatures", "terms", "decodes_wire", "parallel")
OLD += ("schedule_seed", "schedule_replay", "state_export", "limits")
CONVERSATION = "e40390cde8725df464361276171d759dba387a448a2f77a6d944fda7200727bc"
"""The digest of all that was sent to such a program when version 1 was all there was."""


def test_a_program_of_version_1_is_sent_the_same_bytes_as_ever() -> None:
    sent = blake3()

    def old(_: Inside, request: Any, answer: Callable[[Any], Any]) -> Any:
        if request["type"] != "hello":
            sent.update(json.dumps(request, sort_keys=True).encode())
            return answer(request)
        right = answer(request)
        declared = {name: right["capabilities"][name] for name in OLD}
        return {**right, "capabilities": declared, "minor": 0}

    with ProgramLane(inside("dag", old), Setting("old"), MemoryStores()) as lane:
        for number in range(60):
            run = lane.run_mixed(case_at("old", number), Random(number), Mix(1000))
            assert run.verdict in (Verdict.AGREE, Verdict.UNSUPPORTED), run
    assert sent.hexdigest() == CONVERSATION
