"""Which path a block takes."""

from __future__ import annotations

import pytest

from lockstep.devnet.rollout import THRESHOLDS, Path, Rollout
from lockstep_ledger.model import ChainId


@pytest.mark.parametrize("network", list(THRESHOLDS))
def test_a_network_goes_parallel_from_its_threshold_on(network: ChainId) -> None:
    least = THRESHOLDS[network]
    rollout = Rollout(enabled=True, threshold=least)
    assert rollout.path(least - 1) is Path.SEQUENTIAL
    assert rollout.path(least) is Path.PARALLEL


def test_the_thresholds_are_those_of_the_networks() -> None:
    assert [THRESHOLDS[each] for each in sorted(ChainId)] == [20, 10, 10, 4]


def test_where_it_is_not_rolled_out_every_block_is_sequential_even_when_forced() -> None:
    assert Rollout(enabled=False, threshold=0).path(1_000) is Path.SEQUENTIAL
    assert Rollout(enabled=False, threshold=0, force=True).path(1_000) is Path.SEQUENTIAL


def test_forcing_ignores_the_threshold() -> None:
    assert Rollout(enabled=True, threshold=20, force=True).path(1) is Path.PARALLEL


def test_test_mode_takes_both_paths_where_the_parallel_one_would_be_taken() -> None:
    rollout = Rollout(enabled=True, threshold=4, test_mode=True)
    assert rollout.path(4) is Path.BOTH
    assert rollout.path(3) is Path.SEQUENTIAL
