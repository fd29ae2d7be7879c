"""Checks a certificate: explores its scope again and compares everything it says was found.

Invariant: what the file says is believed of nothing but the question; every count is counted again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lockstep.explore.assumptions import assumptions_of
from lockstep.explore.certificate import Answer, Certificate, Question, load
from lockstep.explore.explore import Exploration
from lockstep.explore.worker import Survey
from lockstep.faults import UsageError
from lockstep.targets.trust import OURS_ALONE, Trust


@dataclass(frozen=True, slots=True)
class Checked:
    """How a check ended: what differs from the file, and how the code differs from then."""

    exploration: Exploration
    differences: tuple[str, ...]
    changes: tuple[str, ...]
    executor_changed: bool


def check(path: Path, again: Callable[[Survey], Exploration], trust: Trust = OURS_ALONE) -> Checked:
    """Answer the question in ``path`` by ``again`` and compare.

    Raises ``UsageError`` if the file is no finished certificate, or may not have its executor run.
    """
    certificate = load(path)
    trust.check(certificate.asked.executor, path)
    if not certificate.finished:
        raise UsageError(f"{path} is unfinished: run the same exploration again to finish it")
    plan = certificate.asked.plan()
    now = Question.of(plan)
    exploration = again(plan)
    return Checked(
        exploration,
        tuple(_differences(certificate, plan, exploration)),
        tuple(now.differing(certificate.asked)),
        now.executor_sources != certificate.asked.executor_sources,
    )


def _differences(certificate: Certificate, plan: Survey, exploration: Exploration) -> list[str]:
    then, now = certificate.found, Answer.of(exploration)
    assumed = certificate.assumed == assumptions_of(plan, exploration.tally)
    differing = [
        f"{name}: certificate {_text(getattr(then, name))}, now {_text(getattr(now, name))}"
        for name in then.__struct_fields__
        if getattr(then, name) != getattr(now, name)
    ]
    return differing if assumed else [*differing, "assumed: not what it takes for granted"]


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{each.verdict} {each.fingerprint}" for each in value) or "none"
    if isinstance(value, dict):
        return " ".join(f"{key} {count}" for key, count in sorted(value.items())) or "none"
    return str(getattr(value, "value", value))
