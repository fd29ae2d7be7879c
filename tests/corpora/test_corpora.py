"""Every case file in corpora/ is one test for each driver and each storage back end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from lockstep.case.documents import (
    MultisigDocument,
    OutcomeDocument,
    ReceiptDocument,
    RejectionDocument,
)
from lockstep.case.file import Record, Setting, from_bytes, load, to_bytes
from lockstep.case.values import BlockStep
from lockstep.findings.replay import replay
from lockstep.run.stores import MemoryStores, Stores
from lockstep.targets.named import BUILT_IN, FAULTY
from lockstep.targets.target import DRIVERS
from lockstep.verdict import Verdict
from lockstep_ledger.outcome import Code
from tests.repository import REPOSITORY

CORPORA = REPOSITORY / "corpora"
VECTORS = sorted((CORPORA / "vectors").rglob("*.json"))
REGRESSIONS = sorted((CORPORA / "regressions").rglob("*.json"))
NOT_CASES = {"README.md", ".gitkeep"}


def name_of_file(path: Path) -> str:
    return str(path.relative_to(CORPORA).with_suffix(""))


each_vector = pytest.mark.parametrize("path", VECTORS, ids=name_of_file)
each_case = pytest.mark.parametrize("path", VECTORS + REGRESSIONS, ids=name_of_file)


def complaints(record: Record, stores: Stores, driver: str, *, reviewed: bool) -> list[str]:
    """Return what is wrong with a case; ``reviewed`` ones must say what they expect."""
    if reviewed and record.expected is None:
        return ["a vector must have `expected`, one outcome for every block"]
    setting = replace(record.setting or Setting(), driver=driver)
    replayed = replay(record, stores, setting)
    found = []
    if replayed.run.verdict is not Verdict.AGREE:
        step = f" at step {replayed.run.step}"
        found.append(f"{setting.executor}: {replayed.run.verdict.value}{step}")
        found += [f"  {each}" for each in replayed.run.differences]
    if replayed.drift:
        found.append("the reference no longer gives what the file expects:")
        found += [f"  {each}" for each in replayed.drift]
    return found


@pytest.mark.parametrize("driver", DRIVERS)
@each_case
def test_executors_agree_and_the_reference_gives_what_is_expected(
    path: Path, driver: str, stores: Stores
) -> None:
    found = complaints(load(path), stores, driver, reviewed=path in VECTORS)
    if found:
        lines = [f"{path.relative_to(CORPORA.parent)}, driver {driver}", *found]
        pytest.fail("\n".join(lines), pytrace=False)


@each_vector
@pytest.mark.parametrize("executor", sorted(BUILT_IN.keys() - {"batched", *FAULTY}))
def test_every_other_executor_agrees_on_the_vectors(path: Path, executor: str) -> None:
    record = replace(load(path), setting=Setting(executor))
    assert complaints(record, MemoryStores(), "scheduled", reviewed=True) == []


@each_case
def test_the_bytes_on_disk_are_the_canonical_ones(path: Path) -> None:
    data = path.read_bytes()
    assert data == to_bytes(from_bytes(data))


@each_vector
def test_a_vector_says_what_it_shows_in_a_plain_name_and_one_sentence(path: Path) -> None:
    record = load(path)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", path.stem)
    assert re.fullmatch(r"[A-Z0-9][^\n]*\.", record.description)
    assert record.origin == {"kind": "hand-written"}
    assert record.setting is None
    assert record.schedule == ()
    assert record.observed is None


def test_no_two_vectors_have_the_same_description() -> None:
    descriptions = [load(path).description for path in VECTORS]
    assert len(set(descriptions)) == len(descriptions)


def test_no_file_is_overlooked() -> None:
    folders = (CORPORA / "vectors", CORPORA / "regressions")
    files = {each for folder in folders for each in folder.rglob("*") if each.is_file()}
    assert {each for each in files if each.name not in NOT_CASES} == {*VECTORS, *REGRESSIONS}


def test_every_rule_has_vectors() -> None:
    assert {f"r{number:02}" for number in range(12)} <= {path.stem[:3] for path in VECTORS}


def test_every_code_is_expected_by_a_vector() -> None:
    outcomes = [each for path in VECTORS for each in load(path).expected or ()]
    codes = {receipt.code for outcome in outcomes for receipt in outcome.receipts}
    assert codes == {code.name for code in Code}


def test_some_vectors_fix_the_state_digest() -> None:
    outcomes = [each for path in VECTORS for each in load(path).expected or ()]
    assert sum(each.digest != "" for each in outcomes) >= 3


# The check itself can fail.

SAMPLE = CORPORA / "vectors" / "effects-energy.json"
TAMPERED: dict[str, Callable[[OutcomeDocument], object]] = {
    "receipts": lambda outcome: [_with_other_gas(outcome.receipts[0])],
    "rejection": lambda _: RejectionDocument("OVERFLOW"),
    "modified_nonces": lambda outcome: {**outcome.modified_nonces, "bob": "0"},
    "modified_balances": lambda outcome: {**outcome.modified_balances, "alice": {"native": "1"}},
    "modified_multisigs": lambda _: {"alice": MultisigDocument(1, ["bob"])},
    "modified_energies": lambda _: {},
    "created": lambda _: ["carol"],
    "burned": lambda _: "1",
    "fees": lambda _: "1",
    "height": lambda _: 0,
    "digest": lambda _: "00" * 32,
    "faults": lambda _: ["0: crashed"],
}


def _with_other_gas(receipt: ReceiptDocument) -> ReceiptDocument:
    return msgspec.structs.replace(receipt, gas="1")


def expecting(record: Record, field: str) -> Record:
    """Return ``record`` with a wrong ``field`` in its first expected outcome."""
    assert record.expected is not None
    first, *others = record.expected
    wrong = msgspec.structs.replace(first, **{field: TAMPERED[field](first)})
    return replace(record, expected=(wrong, *others))


def test_every_field_of_an_outcome_can_be_tampered_with() -> None:
    assert set(TAMPERED) == set(OutcomeDocument.__struct_fields__)


@pytest.mark.parametrize("field", TAMPERED)
def test_a_tampered_expectation_is_drift(field: str) -> None:
    record = expecting(load(SAMPLE), field)
    found = complaints(record, MemoryStores(), "scheduled", reviewed=True)
    assert len(found) == 2
    assert found[0].startswith("the reference no longer gives")
    assert f"reference[block 0 {field}]" in found[1]


def too_few_and_too_many(record: Record) -> Iterator[Record]:
    assert record.expected is not None
    yield replace(record, expected=record.expected[:-1])
    yield replace(record, expected=(*record.expected, OutcomeDocument()))


def test_an_outcome_too_few_or_too_many_is_drift() -> None:
    record = load(CORPORA / "vectors" / "rewind-two-blocks.json")
    blocks = sum(isinstance(step, BlockStep) for step in record.case.steps)
    assert record.expected is not None
    assert len(record.expected) == blocks
    for wrong in too_few_and_too_many(record):
        found = complaints(wrong, MemoryStores(), "scheduled", reviewed=True)
        assert "reference[blocks]" in "\n".join(found)


def test_a_vector_without_expectation_is_refused() -> None:
    record = replace(load(SAMPLE), expected=None)
    assert complaints(record, MemoryStores(), "scheduled", reviewed=True)
    assert not complaints(record, MemoryStores(), "scheduled", reviewed=False)


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_executor_that_never_debits_is_caught(driver: str, stores: Stores) -> None:
    record = load(SAMPLE)
    broken = replace(record, setting=Setting("canary"))
    found = complaints(broken, stores, driver, reviewed=True)
    assert found[0] == "canary: diverge at step 0"
    assert any("modified_balances[alice native]" in line for line in found)


def test_the_example_in_the_readme_is_a_case_that_agrees() -> None:
    text = (CORPORA / "README.md").read_text("utf-8")
    (example,) = re.findall(r"```jsonc\n(.*?)```", text, re.DOTALL)
    record = from_bytes(re.sub(r"//.*", "", example).encode())
    for driver in DRIVERS:
        assert complaints(record, MemoryStores(), driver, reviewed=True) == []
