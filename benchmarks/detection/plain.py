"""The baseline that a team would write first: nested Hypothesis strategies and real threads.

Accounts are rich, nonces mostly right, fees sufficient, and multisigs co-signed, so that most
transactions do something. The comparison is the harness's own, which favours the baseline: a test
written in an afternoon would compare less.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from benchmarks.detection.hunt import Hunt
from lockstep.case.names import GOLD
from lockstep.case.values import BlockStep, Case, Cosigner, Intent
from lockstep_ledger.identities import NAMES, address_of
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Address,
    Burn,
    Chain,
    Multisig,
    NonceBump,
    Payload,
    Policy,
    SetMultisig,
    State,
    Transfer,
    Transfers,
)

PARTIES = tuple(address_of(name) for name in NAMES[:8])
EXAMPLES = 10_000_000
"""More than any budget allows."""

parties = st.sampled_from(PARTIES)
assets = st.sampled_from((NATIVE, GOLD))
amounts = st.integers(0, 1_000_000)
outputs = st.lists(st.builds(Transfer, assets, parties, amounts), min_size=1, max_size=3).map(tuple)
signers = st.lists(parties, min_size=1, max_size=3, unique=True).map(tuple)
payloads: st.SearchStrategy[Payload] = st.one_of(
    st.builds(Transfers, outputs),
    st.builds(Burn, assets, amounts),
    st.builds(lambda who: SetMultisig(len(who), who), signers),
    st.just(SetMultisig(0, ())),
    st.builds(NonceBump),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction before it has a nonce; ``skipped`` is what its nonce is off by."""

    source: Address
    payload: Payload
    fee: int
    skipped: int


accounts = st.builds(
    Account,
    nonce=st.integers(0, 5),
    balances=st.fixed_dictionaries(
        {NATIVE: st.integers(1_000_000, 1_000_000_000)},
        optional={GOLD: st.integers(1, 1_000_000_000)},
    ),
    multisig=st.none() | st.builds(lambda who: Multisig(len(who), who), signers),
    energy=st.integers(0, 10),
)
transactions = st.builds(
    Sent,
    parties,
    payloads,
    st.integers(50_000, 200_000),
    st.sampled_from((*(0,) * 9, 1)),
)
blocks = st.lists(st.lists(transactions, max_size=20), min_size=1, max_size=2)
states = st.dictionaries(parties, accounts, min_size=2)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a state and one or two blocks whose nonces follow on each other."""
    state = draw(states)
    policy = draw(st.sampled_from(Policy))
    nonces = {address: account.nonce for address, account in state.items()}
    steps: list[BlockStep] = []
    for block in draw(blocks):
        intents = []
        for position, sent in enumerate(block):
            nonce = nonces.get(sent.source, 0)
            nonces[sent.source] = nonce + 1
            holder = state.get(sent.source, Account())
            intents.append(_intent(f"b{len(steps)}t{position}", sent, nonce, holder.multisig))
        steps.append(BlockStep(tuple(intents), policy))
    return Case(State(Chain(), state), tuple(steps))


def _intent(name: str, sent: Sent, nonce: int, multisig: Multisig | None) -> Intent:
    cosigners = None
    if multisig is not None:
        cosigners = tuple(Cosigner(number, who) for number, who in enumerate(multisig.participants))
    return Intent(
        name, sent.source, sent.payload, nonce + sent.skipped, sent.fee, cosigners=cosigners
    )


class _Stop(Exception):
    """Ends the generation: something was found, or the budget is spent."""


def over_plain_cases(number: int) -> Callable[[Hunt], None]:
    """Return the search over the cases above, seeded with ``number``."""

    def drive(found: Hunt) -> None:
        @seed(number)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=tuple(HealthCheck),
            verbosity=Verbosity.quiet,
            report_multiple_bugs=False,
        )
        @given(cases())
        def compare(case: Case) -> None:
            if not found.ended:
                found.run(case)
            if found.ended:
                raise _Stop

        with suppress(_Stop):
            compare()

    return drive
