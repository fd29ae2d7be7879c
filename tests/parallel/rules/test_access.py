from __future__ import annotations

from lockstep_ledger.block import Envelope, Undecodable, UnsupportedKind
from lockstep_ledger.model import U64_MAX, NonceBump
from lockstep_parallel.rules.access import BURNED, access_list, burns_cannot_overflow, conflict
from tests.parallel.world import GOLD, A, B, C, D, burn, pay, seal_signed, set_multisig, to


def test_a_transfer_touches_its_source_and_every_destination() -> None:
    envelope = pay(A, to(B, 1), to(C, 0), to(B, 2, GOLD))
    assert access_list(envelope, burns_commute=True) == {A, B, C}


def test_other_kinds_touch_only_their_source() -> None:
    for envelope in (
        set_multisig(A, 1, B),
        burn(A, 1, GOLD),
        seal_signed(A, NonceBump()),
    ):
        assert access_list(envelope, burns_commute=False) == {A}


def test_a_native_burn_touches_the_counter_unless_no_burn_can_overflow() -> None:
    assert access_list(burn(A, 1), burns_commute=False) == {A, BURNED}
    assert access_list(burn(A, 1), burns_commute=True) == {A}


def test_what_is_no_transaction_touches_nothing() -> None:
    for content in (Undecodable("short"), UnsupportedKind(7)):
        assert (
            access_list(Envelope(content, b"", 10, bytes(32), bytes(10)), burns_commute=False)
            == frozenset()
        )


def test_only_native_burns_count_towards_the_overflow() -> None:
    burns = [burn(A, 3), burn(B, 2), burn(C, U64_MAX, GOLD), pay(D, to(A, U64_MAX))]
    assert burns_cannot_overflow(burns, U64_MAX - 5)
    assert not burns_cannot_overflow(burns, U64_MAX - 4)


def test_two_transactions_conflict_if_they_share_an_account_or_the_counter() -> None:
    assert conflict(frozenset((A, B)), frozenset((B, C)))
    assert conflict(frozenset((A, BURNED)), frozenset((B, BURNED)))
    assert not conflict(frozenset((A, B)), frozenset((C, D)))
    assert not conflict(frozenset(), frozenset((A,)))
