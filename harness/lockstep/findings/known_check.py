"""Looks at what is known: whether each case still fails, and whether its time is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from pathlib import Path

from lockstep.case.file import Setting
from lockstep.faults import UsageError
from lockstep.findings.known import Known
from lockstep.findings.replay import replay
from lockstep.run.stores import open_stores
from lockstep.targets.named import reach
from lockstep.targets.trust import OURS_ALONE, Trust, setting_in
from lockstep.verdict import Verdict


class Standing(Enum):
    """How a known kind stands today."""

    FAILS = "still fails"
    EXPIRED = "expired"
    FIXED = "fixed: remove it"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Looked:
    """A known kind that was looked at; ``why`` says why it was not run."""

    known: Known
    standing: Standing
    why: str = ""

    @property
    def is_over(self) -> bool:
        """Tell whether the entry is to be removed, or looked at again by a person."""
        return self.standing in (Standing.FIXED, Standing.EXPIRED)


def look_at(
    known: Sequence[Known],
    labelled: Sequence[tuple[str, Setting]],
    today: date,
    path: Path,
    trust: Trust | None = OURS_ALONE,
) -> Iterator[Looked]:
    """Run the case of each kind, on what the command line calls so, else on what its file names.

    That one is run only as ``trust`` lets it, and with None not at all.
    """
    settings = dict(labelled)
    for each in known:
        setting = settings.get(each.executor)
        if setting is None:
            if trust is None:
                continue
            try:
                setting = setting_in(each.record, path, trust)
            except UsageError as error:
                yield Looked(each, Standing.NOT_RUN, str(error))
                continue
        yield Looked(each, _standing(each, setting, today))


def _standing(known: Known, setting: Setting, today: date) -> Standing:
    own = known.record.setting or setting
    asked = replace(setting, workers=own.workers, driver=own.driver, access=own.access)
    reach([asked.executor])
    with open_stores("memory") as stores:
        run = replay(known.record, stores, asked).run
    if run.verdict is Verdict.AGREE:
        return Standing.FIXED
    return Standing.EXPIRED if known.is_expired(today) else Standing.FAILS
