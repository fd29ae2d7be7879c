"""What a run did, as a set of small facts: the measure of what a corpus or a campaign covers.

Invariant: the facts depend on the case and the run alone, and runs that differ in no fact did the
same as far as is told here. Amounts, names and the number of a step are no facts; counts are told
in powers of two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeAlias, assert_never

from lockstep.case.values import BlockStep, Case, RewindStep
from lockstep.run.result import BlockRun, Run
from lockstep.schedules.behaviour import behaviour_of
from lockstep.targets.preempted import LINE
from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.model import (
    NATIVE,
    Address,
    Burn,
    NonceBump,
    Policy,
    SetMultisig,
    Transaction,
    Transfers,
)
from lockstep_ledger.outcome import Code, Receipt

Fact: TypeAlias = tuple[str, ...]
"""The class of the fact, as ``codes in order``, and what it says."""

CLASSES = {
    "result": "payload and result code of a transaction",
    "codes in order": "result codes of neighbours in a block",
    "conflict": "how two transactions share an account, and whether each succeeds",
    "shape": "transactions, most at one account, longest chain of conflicts in a block",
    "block": "policy, rejection, rewards, fees and effects of a block",
    "path": "steps around a block: paths, caches, rewinds, faults",
    "steps": "how often a step of that name was taken: executions, aborts, waits, retries",
    "reads from": "which step saw which other's write of a contested location",
}
"""Every class of fact, and what its facts tell."""


def facts_of(case: Case, run: Run) -> frozenset[Fact]:
    """Return the facts of ``run``, which is a run of ``case``."""
    found: set[Fact] = set(_path(case))
    for block in run.blocks:
        receipts = block.expected.receipts
        codes = [receipt.code.name for receipt in receipts]
        found.update(("codes in order", left, right) for left, right in pairwise(codes))
        found.update(_conflicts(block.block, receipts))
        found.update(_block(block))
        if block.trace:
            found.update(_trace(block))
    return frozenset(found)


def _path(case: Case) -> Iterator[Fact]:
    before = "start"
    for step in case.steps:
        word = f"rewind {step.blocks}" if isinstance(step, RewindStep) else _word(step)
        yield "path", before, word
        before = word
    yield "path", before, "end"


def _word(step: BlockStep) -> str:
    word = "parallel" if step.parallel else "sequential"
    if step.warm:
        word += " warm"
    return word if step.fault is None else f"{word} {type(step.fault).__name__}"


def _conflicts(block: Block, receipts: tuple[Receipt, ...]) -> Iterator[Fact]:
    """Tell for every party of a transaction how the last one touched it; then the shape."""
    last: dict[Address, tuple[str, str, int]] = {}
    touched: Counter[Address] = Counter()
    longest = 0
    for receipt, envelope in zip(receipts, block.transactions, strict=False):
        content = envelope.content
        if not isinstance(content, Transaction):
            yield "result", type(content).__name__, receipt.code.name
            continue
        yield "result", type(content.payload).__name__, receipt.code.name
        how = "succeeds" if receipt.code is Code.SUCCESS else "fails"
        roles = _roles(content)
        depth = 1 + max((last[each][2] for each in roles if each in last), default=0)
        longest = max(longest, depth)
        for address, role in roles.items():
            if address in last:
                earlier_role, earlier_how, _ = last[address]
                yield "conflict", f"{earlier_role} {earlier_how}", f"{role} {how}"
            last[address] = role, how, depth
            touched[address] += 1
    hottest = max(touched.values(), default=0)
    count = len(block.transactions)
    yield "shape", _size(count), _size(hottest), _size(longest)


def _roles(content: Transaction) -> dict[Address, str]:
    source = content.source
    match content.payload:
        case Transfers(outputs):
            return {**{each.destination: "receives" for each in outputs}, source: "sends"}
        case Burn(asset):
            return {b"": "burns", source: "sends"} if asset == NATIVE else {source: "sends"}
        case SetMultisig():
            return {source: "configures"}
        case NonceBump():
            return {source: "sends"}
        case unknown:
            assert_never(unknown)


def _block(run: BlockRun) -> Iterator[Fact]:
    block, outcome, before = run.block, run.expected, run.before
    policy = block.policy.value
    rejection = outcome.rejection
    if rejection is not None:
        place = "as a whole" if rejection.index is None else f"at {_size(rejection.index)}"
        yield "block", f"{policy} rejected {place}", rejection.code.name
    elif block.policy is Policy.ATOMIC:
        yield "block", f"{policy} accepted", _size(len(block.transactions))
    changes = outcome.changes
    sources = {_source(each) for each in block.transactions}
    if block.rewards is not None:
        miner = "a source" if block.rewards.miner in sources else "no source"
        yield "block", "rewards", miner
    if block.fees_to is not None:
        yield "block", "fees to", "a source" if block.fees_to in sources else "no source"
    yield "block", "creates", _size(len(changes.created))
    if changes.burned:
        yield "block", "burns", "native"
    for address, config in changes.modified_multisigs.items():
        account = before.accounts.get(address)
        had = account is not None and account.multisig is not None
        did = "deletes" if config is None else "replaces" if had else "sets"
        yield "block", "multisig", did
    moved = Counter(
        "up" if amount > _balance(run, address, asset) else "down"
        for (address, asset), amount in changes.modified_balances.items()
    )
    yield "block", "balances", f"{_size(moved['up'])} up, {_size(moved['down'])} down"


def _source(envelope: Envelope) -> Address | None:
    content = envelope.content
    return content.source if isinstance(content, Transaction) else None


def _balance(run: BlockRun, address: Address, asset: bytes) -> int:
    account = run.before.accounts.get(address)
    return 0 if account is None else account.balance(asset)


def _trace(block: BlockRun) -> Iterator[Fact]:
    if any(step.operation.keys == (LINE,) for step in block.trace):
        return  # Lines say where the executor is, and that is no behaviour.
    labels = Counter(step.operation.label for step in block.trace)
    for label, count in labels.items():
        yield "steps", label, _size(count)
    if len({step.task for step in block.trace}) > 1:
        for later, earlier, reader, writer in behaviour_of(block.trace):
            order = "first" if writer < 0 else "in order" if writer <= reader else "overtaking"
            yield "reads from", later, earlier, order


def _size(count: int) -> str:
    """Return a count as a range between powers of two."""
    if count < 3:
        return str(count)
    low = 1 << (count - 1).bit_length() - 1
    return f"{low + 1} to {2 * low}"
