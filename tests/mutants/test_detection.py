"""The campaign's generator finds every mutant within a bounded number of cases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lockstep.case.file import Setting
from lockstep_mutants.catalogue import ROWS, Row
from tests.mutants.cases import cases_to_detection, setting_of

SEEDS = ("one", "two", "three")
LIMIT = 3000
CANARY_LIMIT = 50


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_generator_finds_the_mutant(
    row: Row, record_property: Callable[[str, object], None]
) -> None:
    counts = {seed: cases_to_detection(setting_of(row), seed, LIMIT) for seed in SEEDS}
    record_property("cases to detection", counts)
    assert None not in counts.values(), counts


@pytest.mark.parametrize("seed", SEEDS)
def test_the_canary_is_caught_by_the_first_few_cases(seed: str) -> None:
    assert cases_to_detection(Setting("canary"), seed, CANARY_LIMIT) is not None


@pytest.mark.parametrize(
    "setting",
    [
        Setting("batched"),
        Setting("lockstep_mutants.caching:CachingRounds"),
        Setting("batched", storage="lockstep_mutants.stores:CachedNonces"),
        Setting("batched", storage="lockstep_mutants.stores:LinkedMultisigs"),
    ],
    ids=lambda setting: setting.tested,
)
def test_what_is_without_a_fault_is_not_accused(setting: Setting) -> None:
    assert cases_to_detection(setting, SEEDS[0], 600) is None
