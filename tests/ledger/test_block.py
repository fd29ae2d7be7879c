"""What a block may hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lockstep_ledger import block as ledger_block
from lockstep_ledger.block import MOST_TRANSACTIONS, Block, BlockTooLargeError
from lockstep_ledger.model import ModelError, Policy
from lockstep_ledger.wire import open_wire

ENVELOPE = open_wire(b"no transaction")


def test_a_block_of_the_most_transactions_is_one_and_one_more_is_an_error() -> None:
    most = (ENVELOPE,) * MOST_TRANSACTIONS
    assert len(Block(most, Policy.SKIP).transactions) == MOST_TRANSACTIONS
    with pytest.raises(BlockTooLargeError, match="100001 transactions in a block, above 100000"):
        Block((*most, ENVELOPE), Policy.SKIP)


def test_a_block_of_the_most_bytes_is_one_and_one_more_is_an_error() -> None:
    half = replace(ENVELOPE, size=ledger_block.MOST_BYTES // 2)
    assert Block((half, half), Policy.SKIP).transactions == (half, half)
    with pytest.raises(BlockTooLargeError, match="bytes of transactions in a block, above"):
        Block((half, half, replace(ENVELOPE, size=1)), Policy.SKIP)


def test_a_block_that_is_too_large_is_an_error_of_the_model() -> None:
    assert issubclass(BlockTooLargeError, ModelError)
