"""Published vectors: those in scope pass, wrong ones fail with a line, the rest is never green."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lockstep.case.file import Setting
from lockstep.faults import UsageError
from lockstep.report.vectors import lines
from lockstep.run.stores import open_stores
from lockstep.vectors.result import Status, VectorReport, VectorResult
from lockstep.vectors.run import run_vectors
from lockstep_ledger.digest import state_digest
from lockstep_ledger.identities import address_of, pair_of
from lockstep_ledger.model import (
    MAXIMUM_SUPPLY,
    NATIVE,
    Account,
    Burn,
    Chain,
    Cosignature,
    Payload,
    SetMultisig,
    State,
    Transaction,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import Code
from lockstep_ledger.schnorr import Schnorr
from lockstep_ledger.wire import encode, signing_bytes

ALICE, BOB, CAROL, MINER = (address_of(each) for each in ("alice", "bob", "carol", "miner"))
FEE = 100_000
FUNDS = 1_000_000
DEFAULT = Setting()

Document = dict[str, Any]
Run = Callable[..., VectorReport]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Write the given vectors into one file and run it."""

    def run_all(*vectors: Document, setting: Setting = DEFAULT) -> VectorReport:
        (tmp_path / "made.json").write_text(json.dumps({"test_vectors": vectors}))
        with open_stores("memory") as stores:
            return run_vectors(tmp_path, setting, stores)

    return run_all


def signed(payload: Payload, nonce: int = 5, fee: int = FEE, fee_type: int = 0) -> Transaction:
    """Return a transaction of alice."""
    unsigned = Transaction(3, ALICE, payload, fee, fee_type, nonce, bytes(64))
    signature = Schnorr().sign(pair_of("alice"), signing_bytes(unsigned))
    return replace(unsigned, signature=signature)


def to_bob(amount: int) -> Transfers:
    return Transfers((Transfer(NATIVE, BOB, amount),))


def account(address: bytes, balance: int, nonce: int = 0, **more: int) -> Document:
    return {"address": address.hex(), "balance": balance, "nonce": nonce, **more}


def state(*accounts: Document, height: int = 0, burned: int = 0) -> Document:
    chain = {"total_supply": 0, "total_burned": burned, "block_height": height, "timestamp": 0}
    return {"network_chain_id": 3, "global_state": chain, "accounts": list(accounts)}


BEFORE = state(account(ALICE, FUNDS, 5, energy=1), account(BOB, 0))
UNCHANGED: dict[str, Any] = {"post_state": BEFORE}


def expected(code: Code = Code.SUCCESS, **more: Any) -> Document:
    parts = {"state_digest": "", "post_state": None, **more}
    return {"success": code is Code.SUCCESS, "error_code": int(code), **parts}


def vector(input_: Document, outcome: Document, before: Document | None = BEFORE) -> Document:
    return {"name": "v", "pre_state": before, "input": input_, "expected": outcome}


def by_wire(transaction: Transaction, kind: str = "tx") -> Document:
    entry = {"wire_hex": encode(transaction).hex(), "tx": None}
    return {"kind": "block", "txs": [entry]} if kind == "block" else {"kind": kind, **entry}


def described(transaction: Transaction, tx_type: str, payload: Any, **more: Any) -> Document:
    """Return an input that has a ``tx`` object and no wire bytes."""
    fields = {
        "version": 1,
        "chain_id": transaction.chain_id,
        "source": transaction.source.hex(),
        "tx_type": tx_type,
        "payload": payload,
        "fee": transaction.fee,
        "fee_type": transaction.fee_type,
        "nonce": transaction.nonce,
        "reference_hash": None,
        "reference_topoheight": 0,
        "signature": transaction.signature.hex(),
        **more,
    }
    return {"kind": "tx", "wire_hex": "", "tx": fields}


def only(report: VectorReport) -> VectorResult:
    (result,) = report.results
    return result


def assert_passes(report: VectorReport) -> None:
    assert list(lines(report)) == ["1 vectors: 1 passed, 0 failed, 0 unsupported"]


def assert_unsupported(report: VectorReport, reason: str) -> None:
    result = only(report)
    assert (result.status, result.reason) == (Status.UNSUPPORTED, reason)
    assert list(lines(report)) == [
        f"unsupported 1: {reason}",
        "1 vectors: 0 passed, 0 failed, 1 unsupported",
    ]


@pytest.mark.parametrize("driver", ["scheduled", "threads"])
@pytest.mark.parametrize("back_end", ["memory", "rocksdb"])
@pytest.mark.parametrize("executor", ["batched", "batched-credits", "batched-accounts", "dag"])
def test_every_published_vector_passes(
    published_vectors: dict[str, Any], tmp_path: Path, driver: str, back_end: str, executor: str
) -> None:
    for name, document in published_vectors.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    with open_stores(back_end) as stores:
        report = run_vectors(tmp_path, Setting(executor, 4, driver), stores)
    assert list(lines(report)) == [
        "not a vector file: 1",
        "60 vectors: 60 passed, 0 failed, 0 unsupported",
    ]


def test_a_wrong_executor_fails_vectors_that_the_reference_meets(run: Run) -> None:
    report = run(
        vector(by_wire(signed(to_bob(1))), expected()), setting=Setting("canary", 2, "scheduled")
    )
    assert only(report).status is Status.FAILED
    first = next(lines(report))
    assert first.startswith("FAIL made.json v: canary diverge: modified_balances[alice native]")
    assert "\n" not in first


def test_a_wrong_error_code_fails_with_both_codes_by_name(run: Run) -> None:
    wrong = expected(Code.INSUFFICIENT_BALANCE)
    report = run(vector(by_wire(signed(to_bob(1), nonce=6)), wrong))
    assert list(lines(report)) == [
        "FAIL made.json v: error_code expected 0x0300 (INSUFFICIENT_BALANCE), "
        "actual 0x0111 (NONCE_TOO_HIGH)",
        "1 vectors: 0 passed, 1 failed, 0 unsupported",
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"success": False}, "success"),
        ({"error_code": 0x0999}, "error_code"),
        ({"state_digest": "00" * 32}, "state_digest"),
        ({"post_state": state(account(ALICE, 1, 6, energy=1), account(BOB, 1))}, "balance"),
        ({"post_state": state(account(ALICE, FUNDS - FEE - 1, 6, energy=1))}, "account"),
        (
            {
                "post_state": state(
                    account(ALICE, FUNDS - FEE - 1, 6, energy=1), account(BOB, 1), height=1
                )
            },
            "block_height",
        ),
    ],
)
def test_every_part_of_an_expectation_is_compared(
    run: Run, wrong: dict[str, Any], field: str
) -> None:
    result = only(run(vector(by_wire(signed(to_bob(1))), expected() | wrong)))
    assert result.status is Status.FAILED
    assert [each.field for each in result.differences] == [field]


def test_a_total_energy_that_is_not_the_sum_is_a_failure(run: Run) -> None:
    after = state(account(ALICE, FUNDS - FEE - 1, 6, energy=1), account(BOB, 1))
    after["global_state"]["total_energy"] = 2
    result = only(run(vector(by_wire(signed(to_bob(1))), expected(post_state=after))))
    assert [str(each) for each in result.differences] == ["total_energy: expected 2, actual 1"]


def test_a_lone_transaction_does_not_advance_the_height_and_a_block_does(run: Run) -> None:
    accounts = (account(ALICE, FUNDS - FEE - 1, 6, energy=1), account(BOB, 1))
    transaction = signed(to_bob(1))
    report = run(
        vector(by_wire(transaction), expected(post_state=state(*accounts))),
        vector(by_wire(transaction, "block"), expected(post_state=state(*accounts, height=1))),
    )
    assert report.passed == 2


def test_a_block_takes_bare_transaction_objects_with_wire_bytes(run: Run) -> None:
    first, second = signed(to_bob(1)), signed(to_bob(2), nonce=6)
    entries = [
        described(each, "transfers", [], wire_hex=encode(each).hex())["tx"]
        for each in (first, second)
    ]
    after = state(account(ALICE, FUNDS - 2 * FEE - 3, 7, energy=1), account(BOB, 3), height=1)
    assert_passes(run(vector({"kind": "block", "txs": entries}, expected(post_state=after))))


def test_a_rejected_block_leaves_the_state_as_it_was(run: Run) -> None:
    entries = [by_wire(each) for each in (signed(to_bob(1)), signed(to_bob(2)))]
    outcome = expected(Code.NONCE_TOO_LOW, **UNCHANGED)
    assert_passes(run(vector({"kind": "block", "txs": entries}, outcome)))


@pytest.mark.parametrize(
    ("transaction", "code"),
    [
        (signed(Burn(NATIVE, 10)), Code.SUCCESS),
        (signed(Burn(NATIVE, 0)), Code.INVALID_AMOUNT),
        (signed(Burn(NATIVE, 10), fee=0, fee_type=1), Code.INVALID_FORMAT),
        (signed(to_bob(10), fee=0, fee_type=1), Code.SUCCESS),
        (signed(to_bob(10), fee=1, fee_type=1), Code.INVALID_PAYLOAD),
        (signed(to_bob(10), fee=14_999), Code.INSUFFICIENT_FEE),
        (signed(to_bob(10), fee=15_000), Code.SUCCESS),
        (signed(SetMultisig(2, (BOB, CAROL))), Code.SUCCESS),
        (signed(SetMultisig(3, (BOB, CAROL))), Code.INVALID_PAYLOAD),
        (signed(SetMultisig(0, ())), Code.INVALID_PAYLOAD),
        (replace(signed(to_bob(10)), signature=bytes(64)), Code.INVALID_SIGNATURE),
        (replace(signed(to_bob(10)), cosignatures=()), Code.INVALID_PAYLOAD),
    ],
)
def test_variants_signed_here_give_their_codes(
    run: Run, transaction: Transaction, code: Code
) -> None:
    assert_passes(run(vector(by_wire(transaction), expected(code))))


def test_a_native_burn_is_counted_and_in_the_digest(run: Run) -> None:
    after = State(
        Chain(burned=10),
        {ALICE: Account(6, {NATIVE: FUNDS - FEE - 10}, energy=1), BOB: Account()},
    )
    documents = (account(ALICE, FUNDS - FEE - 10, 6, energy=1), account(BOB, 0))
    outcome = expected(
        state_digest=state_digest(after).hex(), post_state=state(*documents, burned=10)
    )
    assert_passes(run(vector(by_wire(signed(Burn(NATIVE, 10))), outcome)))


@pytest.mark.parametrize(
    ("transaction", "tx_type", "payload"),
    [
        (
            signed(to_bob(7)),
            "transfers",
            [{"asset": "00" * 32, "destination": BOB.hex(), "amount": 7, "extra_data": None}],
        ),
        (signed(Burn(NATIVE, 7)), "burn", {"asset": "00" * 32, "amount": 7}),
        (
            signed(SetMultisig(1, (BOB,))),
            "multisig",
            {"threshold": 1, "participants": [BOB.hex()]},
        ),
    ],
)
def test_a_transaction_without_wire_bytes_is_built_from_its_description(
    run: Run, transaction: Transaction, tx_type: str, payload: Any
) -> None:
    # Only the very same bytes carry a valid signature.
    assert_passes(run(vector(described(transaction, tx_type, payload), expected())))


@pytest.mark.parametrize("driver", ["scheduled", "threads"])
@pytest.mark.parametrize(
    ("threshold", "participants", "code"),
    [
        (1, [BOB, BOB], Code.INVALID_SIGNATURE),
        (1, [number.to_bytes(32, "big") for number in range(256)], Code.INVALID_PAYLOAD),
        (0, [BOB], Code.INVALID_PAYLOAD),
        (1, [], Code.INVALID_FORMAT),
    ],
)
def test_what_no_wire_can_carry_is_judged_by_the_rule_that_names_it(
    run: Run, threshold: int, participants: list[bytes], code: Code, driver: str
) -> None:
    payload = {"threshold": threshold, "participants": [each.hex() for each in participants]}
    input_ = described(signed(to_bob(1)), "multisig", payload)
    outcome = expected(code, **UNCHANGED)
    assert_passes(run(vector(input_, outcome), setting=Setting("batched", 2, driver)))
    wrong = expected(Code.INVALID_TYPE)
    assert only(run(vector(input_, wrong))).status is Status.FAILED


@pytest.mark.parametrize("as_list", [True, False])
def test_cosignatures_of_a_description_are_read_in_both_shapes(run: Run, as_list: bool) -> None:
    cosignature = Cosignature(0, bytes(64))
    listing = [{"signer_id": 0, "signature": cosignature.signature.hex()}]
    input_ = described(
        signed(Burn(NATIVE, 7)),
        "burn",
        {"asset": "00" * 32, "amount": 7},
        multisig=listing if as_list else {"signatures": listing},
    )
    # There is no configuration to satisfy, so that they are there is what is wrong.
    assert_passes(run(vector(input_, expected(Code.INVALID_PAYLOAD))))


@pytest.mark.parametrize("wire", ["", "00", "ff" * 40, encode(signed(to_bob(1))).hex() + "00"])
def test_bytes_that_are_no_transaction_are_an_invalid_format(run: Run, wire: str) -> None:
    input_ = {"kind": "tx", "wire_hex": wire}
    assert_passes(run(vector(input_, expected(Code.INVALID_FORMAT), before=None)))
    assert only(run(vector(input_, expected(), before=None))).status is Status.FAILED


def test_a_roundtrip_is_byte_exact_or_undecodable_as_expected(run: Run) -> None:
    good = by_wire(signed(to_bob(1)), "tx_roundtrip")
    bad = {"kind": "tx_roundtrip", "wire_hex": good["wire_hex"][:-2]}
    malformed = expected(Code.INVALID_FORMAT)
    right = run(vector(good, expected(), None), vector(bad, malformed, None))
    wrong = run(vector(bad, expected(), None), vector(good, malformed, None))
    assert (right.passed, wrong.failed) == (2, 2)


# The chain has assigned type 3 (0x03 at offset 34); this ledger does not model it.
UNMODELLED_WIRE = bytes((1, 3)) + ALICE + b"\x03" + bytes(100)


def test_an_unmodelled_kind_is_run_only_if_not_implemented_is_expected(run: Run) -> None:
    entry = {"wire_hex": UNMODELLED_WIRE.hex()}
    rich = BEFORE | {"escrows": [{"id": "00" * 32}]}
    outcome = expected(Code.NOT_IMPLEMENTED, **UNCHANGED)
    assert_passes(run(vector({"kind": "tx", **entry}, outcome, rich)))
    reason = "transaction type 3 is not modelled"
    assert_unsupported(run(vector({"kind": "tx", **entry}, expected())), reason)
    assert_unsupported(run(vector({"kind": "block", "txs": [entry]}, expected())), reason)
    assert_unsupported(run(vector({"kind": "tx_roundtrip", **entry}, expected())), reason)


GOOD = by_wire(signed(to_bob(1)))
NOT_HEX = "is not a hex string"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"input": {"kind": "rpc"}}, "vectors of kind rpc are not modelled"),
        ({"input": {}}, "vectors of kind None are not modelled"),
        ({"input": "00"}, "input is not an object"),
        ({"input": {"kind": "tx"}}, "input has neither wire_hex nor tx"),
        ({"input": {"kind": "tx", "wire_hex": "zz"}}, f"input: wire_hex {NOT_HEX}"),
        ({"input": {"kind": "block"}}, "txs is not a list"),
        (
            {"input": described(signed(to_bob(1)), "energy", {})},
            "transaction type energy without wire bytes is not modelled",
        ),
        (
            {"input": described(signed(to_bob(1)), "burn", {"amount": 2**64})},
            f"input: tx cannot be built: amount is {2**64}, outside 0..{2**64 - 1}",
        ),
        ({"pre_state": BEFORE | {"escrows": [1]}}, "pre_state has escrows, which is not modelled"),
        (
            {"pre_state": state(account(ALICE, 1, multisig=1))},
            "pre_state account has multisig, which is not modelled",
        ),
        (
            {"pre_state": state(account(ALICE, 2**64))},
            f"pre_state cannot be held: balance is {2**64}, outside 0..{2**64 - 1}",
        ),
        (
            {"pre_state": state(account(ALICE, 1), account(ALICE, 1))},
            "pre_state has an account twice",
        ),
        (
            {"expected": expected(post_state=BEFORE | {"kyc_data": [1]})},
            "post_state has kyc_data, which is not modelled",
        ),
        ({"expected": {"hash": "00"}}, "expected: success is neither true nor false"),
    ],
)
def test_what_is_out_of_scope_is_unsupported_with_its_reason(
    run: Run, change: Document, reason: str
) -> None:
    assert_unsupported(run(vector(GOOD, expected()) | change), reason)


def test_empty_unmodelled_parts_do_no_harm(run: Run) -> None:
    before = BEFORE | {"escrows": [], "kyc_data": None}
    assert_passes(run(vector(GOOD, expected(), before)))


def block(name: str, *parents: str, **more: Any) -> Document:
    return {"id": name, "parents": list(parents), "txs": [], **more}


def chain(*blocks: Document) -> Document:
    return {"kind": "chain", "blocks": list(blocks)}


def reward(emitted: int) -> tuple[int, int]:
    """Return the miner's share of an empty block and what the block emits."""
    base = (MAXIMUM_SUPPLY - emitted) // 2**20
    nine_tenths = base - base // 10
    return nine_tenths // 180, base // 180


ONE = [block("b1", "genesis", height=5)]
THREE = [*ONE, block("b2", "b1", height=6), block("b3", "b2")]


@pytest.mark.parametrize("blocks", [ONE, THREE])
@pytest.mark.parametrize("driver", ["scheduled", "threads"])
def test_a_line_of_empty_blocks_pays_the_miner(
    run: Run, blocks: list[Document], driver: str
) -> None:
    balance = emitted = 0
    for _ in blocks:
        share, emission = reward(emitted)
        balance, emitted = balance + share, emitted + emission
    height = 4 + len(blocks)
    after = State(Chain(height=height), {MINER: Account(balances={NATIVE: balance})})
    outcome = expected(
        state_digest=state_digest(after).hex(),
        post_state=state(account(MINER, balance), height=height),
    )
    setting = Setting("batched", 2, driver)
    assert_passes(run(vector(chain(*blocks), outcome, state(height=4)), setting=setting))


def test_the_first_empty_block_pays_the_published_amount() -> None:
    # 1.84e16 / 2**20 = 17547607421.875; nine tenths are 15792846679; a 180th of it is 87738037.
    assert reward(0) == (87_738_037, 97_486_707)


@pytest.mark.parametrize(
    ("blocks", "reason"),
    [
        ([], "a chain without blocks"),
        ([*ONE, block("b2", "genesis")], "a fork: a block whose parent is not the one before it"),
        (
            [*THREE, block("side", "b2")],
            "a fork: a block whose parent is not the one before it",
        ),
        ([*ONE, block("b2", "b1", "genesis")], "a block with several parents"),
        ([block("b1", "nowhere")], "a block with an unknown parent"),
        ([block("b1")], "a block without parents"),
        ([*ONE, block("b1", "b1")], "a block id twice"),
        ([{"parents": ["genesis"]}], "a block without id"),
        ([block("b1", "genesis", timestamp_ms=1)], "block timestamps"),
        (
            [block("b1", "genesis") | {"txs": [by_wire(signed(to_bob(1)))]}],
            "transactions inside a chain's block",
        ),
        ([block("b1", "genesis", height=6)], "block heights that do not count up by one"),
        (
            [block("b1", "genesis", miner="alice")],
            "block has miner, which is not modelled",
        ),
    ],
)
def test_a_chain_that_is_not_a_line_of_empty_blocks_is_unsupported(
    run: Run, blocks: list[Document], reason: str
) -> None:
    assert_unsupported(run(vector(chain(*blocks), expected(), state(height=4))), reason)


def test_unsupported_vectors_are_grouped_by_reason_and_counted(run: Run) -> None:
    other = vector({"kind": "rpc"}, expected())
    report = run(other, vector(GOOD, expected()), other, vector({"kind": "p2p"}, expected()))
    assert list(lines(report)) == [
        "unsupported 2: vectors of kind rpc are not modelled",
        "unsupported 1: vectors of kind p2p are not modelled",
        "4 vectors: 1 passed, 0 failed, 3 unsupported",
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "made.json: not JSON"),
        ('{"test_vectors": 1}', "made.json: test_vectors is not a list"),
        ('{"test_vectors": [1]}', "made.json: vector 0 is not an object"),
        ('{"test_vectors": [{"input": {}}]}', "made.json: vector 0 has no name"),
        ('{"test_vectors": [{"name": "v"}]}', "made.json: vector v has no input"),
        ('{"test_vectors": [{"name": "v", "input": {}}]}', "made.json: vector v has no expected"),
        ('{"accounts": []}', "no vectors in it"),
    ],
)
def test_what_cannot_be_read_is_a_usage_error(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "made.json").write_text(content)
    with open_stores("memory") as stores, pytest.raises(UsageError, match=complaint):
        run_vectors(tmp_path, Setting(), stores)


def test_a_missing_directory_is_a_usage_error(tmp_path: Path) -> None:
    with open_stores("memory") as stores, pytest.raises(UsageError, match="no such directory"):
        run_vectors(tmp_path / "absent", Setting(), stores)


def test_files_are_found_in_folders_and_named_by_their_path(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    (folder / "f.json").write_text(
        json.dumps({"test_vectors": [vector(GOOD, expected(Code.INVALID_TYPE))]})
    )
    with open_stores("memory") as stores:
        report = run_vectors(tmp_path, Setting(), stores)
    assert only(report).file == "deep/er/f.json"
