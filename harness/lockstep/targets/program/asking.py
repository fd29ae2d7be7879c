"""Requests made of values: what a program is sent for a state and for a block.

Invariant: nothing that came after version 1 is in a request to a program that declares none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lockstep.case.manner import PARALLEL, SEQUENTIAL, Manner
from lockstep.case.names import key_pair_of
from lockstep.case.realise import NO_REFERENCE, version_hash
from lockstep.case.values import BlockStep, Case, Intent
from lockstep.targets.program.blocks import write_block
from lockstep.targets.program.capabilities import CapabilitiesMessage
from lockstep.targets.program.messages import (
    ExecuteBlock,
    LoadState,
    ScheduleMessage,
    VersionMessage,
)
from lockstep.targets.program.signatures import Judge
from lockstep.targets.program.states import write_state
from lockstep_ledger.block import Block
from lockstep_ledger.model import Address, State, Transaction
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader


def numbers_versions(capabilities: CapabilitiesMessage) -> bool:
    """Tell whether an executor is told the numbers and hashes of versions."""
    return bool(capabilities.history or capabilities.references)


def load_request(
    states: Sequence[State],
    topoheight: int,
    capabilities: CapabilitiesMessage,
    signers: Iterable[Address] | None = None,
) -> LoadState:
    """Return the request to hold the last of ``states``, after the others if there are any.

    It is version ``topoheight``, and the others are those before it. The secrets of ``signers`` and
    accounts are told unless that is None.
    """
    request = LoadState(id=0, state=write_state(states[-1]))
    if numbers_versions(capabilities):
        request.topoheight = str(topoheight)
        request.hash = version_hash(topoheight).hex()
    if len(states) > 1:
        first = topoheight - len(states) + 1
        request.versions = [
            VersionMessage(
                topoheight=str(number), hash=version_hash(number).hex(), state=write_state(state)
            )
            for number, state in enumerate(states[:-1], start=first)
        ]
    if signers is not None:
        request.secrets = _secrets(signers, states[-1])
    return request


def execute_request(
    block: Block,
    reader: Reader,
    scheme: Scheme,
    manner: Manner,
    capabilities: CapabilitiesMessage,
    topoheight: int,
) -> ExecuteBlock:
    """Return the request to execute ``block``, which leads to version ``topoheight``."""
    judge = None if scheme.name in capabilities.signatures else Judge(block, reader, scheme)
    parallel = capabilities.parallel and manner.mode == PARALLEL
    most = capabilities.limits.workers
    request = ExecuteBlock(
        id=0,
        block=write_block(block, scheme.name, judge),
        mode=PARALLEL if parallel else SEQUENTIAL,
        workers=manner.workers if most is None else min(manner.workers, most),
        force_parallel=parallel,
        schedule=_schedule(manner, capabilities),
    )
    if numbers_versions(capabilities):
        request.topoheight = str(topoheight)
        request.hash = version_hash(topoheight).hex()
    if manner.jitter is not None and capabilities.jitter:
        request.jitter = str(manner.jitter)
    return request


def oldest_reference(block: Block) -> int | None:
    """Return the number of the oldest version that a transaction of ``block`` names, if any."""
    contents = (each.content for each in block.transactions)
    named = (each for each in contents if isinstance(each, Transaction))
    numbers = [each.reference_topoheight for each in named if each.reference_hash != NO_REFERENCE]
    return min(numbers, default=None)


def signers_of(case: Case) -> frozenset[Address]:
    """Return everybody whose signature is in a block of ``case``."""
    found: set[Address] = set()
    for step in case.steps:
        for intent in step.transactions if isinstance(step, BlockStep) else ():
            if isinstance(intent, Intent):
                found.add(intent.source)
                found.update(each.signer for each in intent.cosigners or ())
    return frozenset(found)


def _secrets(signers: Iterable[Address], state: State) -> dict[str, str]:
    """Return the secret key of each of ``signers`` and accounts that is a test identity."""
    pairs = map(key_pair_of, sorted({*signers, *state.accounts}))
    return {pair.public.hex(): pair.secret.hex() for pair in pairs if pair is not None}


def _schedule(manner: Manner, capabilities: CapabilitiesMessage) -> ScheduleMessage | None:
    if manner.trace is not None and capabilities.schedule_replay:
        return ScheduleMessage(trace=list(manner.trace))
    if manner.seed is not None and capabilities.schedule_seed:
        return ScheduleMessage(seed=str(manner.seed))
    return None
