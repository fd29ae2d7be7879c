"""The chain vectors in scope: a line of empty blocks, each paid its reward.

Invariant: whatever is not exactly that (a fork, a timestamp, a transaction, a height that does not
count up by one) is an ``OutOfScopeError`` which says what it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.case.values import BlockStep
from lockstep.published.document import (
    Json,
    JsonObject,
    OutOfScopeError,
    integer,
    list_of,
    object_of,
    refuse_unknown,
)
from lockstep_ledger.block import Rewards
from lockstep_ledger.identities import address_of
from lockstep_ledger.model import MAXIMUM_SUPPLY, Policy

GENESIS = "genesis"
EMISSION_SHIFT = 20
DEV_PERCENT = 10
BLOCK_MILLISECONDS = 1000
DIVISOR = 180
_INPUT_KEYS = frozenset({"kind", "blocks"})
_BLOCK_KEYS = frozenset({"id", "parents", "height", "timestamp_ms", "txs", "description"})


def chain_steps(input_document: JsonObject, height: int) -> tuple[BlockStep, ...]:
    """Return the steps of a chain vector that starts at ``height``."""
    refuse_unknown(input_document, _INPUT_KEYS, "chain input")
    blocks = list_of(input_document.get("blocks"), "blocks")
    if not blocks:
        raise OutOfScopeError("a chain without blocks")
    seen = [GENESIS]
    for number, document in enumerate(blocks, start=height + 1):
        seen.append(_linear_block(document, seen, number))
    return tuple(
        BlockStep((), Policy.ATOMIC, rewards)
        for rewards, _ in zip(empty_block_rewards(), blocks, strict=False)
    )


def empty_block_rewards() -> Iterator[Rewards]:
    """Yield the rewards of one empty block after the other, from an emission of 0.

    In this state surface the dev's share is credited to nobody. Rewards always name both parties,
    so the miner stands in for the dev with an amount of 0: what is credited is the miner's alone.
    """
    miner = address_of("miner")
    emitted = 0
    while True:
        base = (MAXIMUM_SUPPLY - emitted) >> EMISSION_SHIFT
        yield Rewards(miner, 0, miner, _scaled(base - base * DEV_PERCENT // 100))
        emitted += _scaled(base)


def _scaled(amount: int) -> int:
    return amount * BLOCK_MILLISECONDS // 1000 // DIVISOR


def _linear_block(document: Json, seen: list[str], height: int) -> str:
    """Check one block against the ids before it and return its id."""
    block = object_of(document, "block")
    name = block.get("id")
    if not isinstance(name, str) or not name:
        raise OutOfScopeError("a block without id")
    if name in seen:
        raise OutOfScopeError("a block id twice")
    _check_parents(list_of(block.get("parents"), "parents"), seen)
    if block.get("txs"):
        raise OutOfScopeError("transactions inside a chain's block")
    if block.get("timestamp_ms") is not None:
        raise OutOfScopeError("block timestamps")
    if block.get("height") is not None and integer(block, "height", "block") != height:
        raise OutOfScopeError("block heights that do not count up by one")
    refuse_unknown(block, _BLOCK_KEYS, "block")
    return name


def _check_parents(parents: list[Json], seen: list[str]) -> None:
    if len(parents) > 1:
        raise OutOfScopeError("a block with several parents")
    if not parents:
        raise OutOfScopeError("a block without parents")
    if parents[0] not in seen:
        raise OutOfScopeError("a block with an unknown parent")
    if parents[0] != seen[-1]:
        raise OutOfScopeError("a fork: a block whose parent is not the one before it")
