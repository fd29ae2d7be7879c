"""The kind of failure that a fault's smallest known case shows: verdict and first difference.

A fault can show in several ways, some of which need more transactions than the smallest case has.
"""

from __future__ import annotations

from pathlib import Path

from lockstep.audit.audit import Audited
from lockstep.audit.subject import Size, Subject
from lockstep.audit.trial import Trial
from lockstep.case.file import load
from lockstep.run.fingerprint import signature_of
from lockstep.run.stores import MemoryStores
from lockstep.targets.named import open_steered
from lockstep_mutants.catalogue import ROWS

CASES = Path(__file__).resolve().parents[2] / "corpora" / "mutants"


def kind_of(subject: Subject) -> tuple[str, str]:
    """Return verdict and first difference of the smallest case of ``subject``."""
    (file,) = (row.case for row in ROWS if row.id == subject.id)
    known = load(CASES / file)
    with open_steered(subject.setting, MemoryStores()) as lane:
        verdict, *words = signature_of(lane.run_deviating(known.case, known.schedule))
    return verdict, " ".join(words)


def alike(audited: Audited) -> Size | None:
    """Return the median size of the failures of the smallest case's kind; None if none is."""
    kind = kind_of(audited.subject)
    sizes = sorted(_size(trial) for trial in audited.found if _kind(trial) == kind)
    return sizes[len(sizes) // 2] if sizes else None


def _kind(trial: Trial) -> tuple[str, str]:
    return trial.verdict, trial.failure


def _size(trial: Trial) -> Size:
    assert trial.shrunk is not None, "what lockstep finds it shrinks"
    return trial.shrunk.size
