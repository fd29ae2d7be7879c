"""Case files: canonical, read back as written, refused in one clear line, never half written."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.case.deviation import Deviation
from lockstep.case.file import (
    FORMAT,
    CaseFileError,
    Record,
    Setting,
    content_name,
    from_bytes,
    load,
    save,
    to_bytes,
    write_whole,
)
from lockstep.case.values import Cosigner, Intent
from lockstep.findings.drift import expected_documents, observed_documents
from lockstep.generate.strategies import cases
from lockstep.verdict import Verdict
from lockstep_ledger.model import NonceBump
from lockstep_parallel.executors.batched import Batched
from tests.harness.small import ALICE, BOB, FEE, block, case_of, payment, pays, record, run_on

words = st.text(max_size=20)
ids = st.from_regex(r"t[0-9]", fullmatch=True)
steps = st.tuples(ids, st.sampled_from(("publish", "balance")))
addresses = st.tuples(
    ids, st.just("publish"), st.sampled_from(("", "alice gold")), st.integers(1, 9)
)
deviations = st.builds(Deviation, addresses, ids)
any_setting = st.builds(
    Setting,
    st.text(min_size=1),
    st.integers(1, 256),
    st.sampled_from(("scheduled", "threads")),
    storage=st.sampled_from(("", "module:Store")),
)
records = st.builds(
    Record,
    case=cases(),
    origin=st.dictionaries(words, words, max_size=3),
    description=words,
    setting=st.none() | any_setting,
    schedule=st.lists(deviations, max_size=3).map(tuple),
    trace=st.lists(steps, max_size=3).map(tuple),
    verdict=st.sampled_from(("", *(each.value for each in Verdict))),
)


@settings(max_examples=50)
@given(records)
def test_what_is_written_reads_back_as_the_same_record(written: Record) -> None:
    assert from_bytes(to_bytes(written)) == written


@settings(max_examples=50)
@given(records)
def test_the_bytes_are_canonical_whatever_the_layout_they_were_read_from(written: Record) -> None:
    canonical = to_bytes(written)
    document = json.loads(canonical)
    backwards = json.dumps(dict(reversed(document.items())), indent=4, ensure_ascii=True)
    assert to_bytes(from_bytes(canonical)) == canonical
    assert to_bytes(from_bytes(backwards.encode())) == canonical


@settings(max_examples=50)
@given(cases())
def test_outcomes_read_back_as_they_were_written(case: Any) -> None:
    run = run_on(Batched, case)
    written = record(case, expected=expected_documents(run), observed=observed_documents(run))
    assert from_bytes(to_bytes(written)) == written


def test_a_saved_record_is_named_by_its_content_and_loads(tmp_path: Path) -> None:
    path = save(record(), tmp_path / "new" / "folder")
    assert path.name == content_name(path.read_bytes()) + ".json"
    assert load(path) == record()


def test_every_change_to_a_case_changes_its_name() -> None:
    others = (case_of(), case_of(block(pays("t0", 1))), replace(payment(), scheme="schnorr"))
    names = {content_name(to_bytes(record(case))) for case in (payment(), *others)}
    assert len(names) == 4


def test_a_file_of_before_stores_were_tested_names_none() -> None:
    whole = json.loads(to_bytes(record(setting=Setting("dag", storage="module:Store"))))
    assert whole["executor"].pop("storage") == "module:Store"
    assert from_bytes(json.dumps(whole).encode()).setting == Setting("dag")
    assert b"storage" not in to_bytes(record(setting=Setting("dag")))


# Refusals.


def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(to_bytes(record()))
    return loaded


def edited(edit: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the bytes of the payment after ``edit``."""
    whole = document()
    edit(whole)
    return json.dumps(whole).encode()


def transaction(whole: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = whole["steps"][0]["transactions"][0]
    return first


def alice(whole: dict[str, Any]) -> dict[str, Any]:
    account: dict[str, Any] = whole["state"]["accounts"]["alice"]
    return account


def duplicate_id(whole: dict[str, Any]) -> None:
    whole["steps"] *= 2


def bump(**more: Any) -> dict[str, Any]:
    return {"kind": "nonce_bump", "id": "t1", "source": "alice", **more}


def runs_on(**more: Any) -> dict[str, Any]:
    return {"name": "batched", "workers": 4, "driver": "scheduled", **more}


def reproduced(**more: Any) -> Callable[[dict[str, Any]], None]:
    return lambda whole: whole.update(reproduction=more)


def cosigned_by(signer_id: int) -> Callable[[dict[str, Any]], None]:
    cosigner = {"id": signer_id, "signer": "bob"}
    return lambda whole: transaction(whole).update(cosigners=[cosigner])


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not JSON: Expecting value: line 1 column 1"),
    "truncated": (to_bytes(record())[:-30], "not JSON"),
    "not JSON": (b"{'format': 1}", "not JSON: Expecting property name"),
    "not UTF-8": (b'{"format":1,"description":"\xff"}', "utf-8"),
    "a list": (b"[]", "no format version"),
    "nested without end": (b"[" * 200_000, "nested too deeply"),
    "no format": (edited(lambda it: it.pop("format")), "no format version"),
    "format in words": (edited(lambda it: it.update(format="1")), "no format version"),
    "format true": (edited(lambda it: it.update(format=True)), "no format version"),
    "newer format": (edited(lambda it: it.update(format=FORMAT + 1)), "newer than this version"),
    "no state": (edited(lambda it: it.pop("state")), "state"),
    "unknown field": (edited(lambda it: it.update(colour="red")), "colour"),
    "unknown field inside": (edited(lambda it: alice(it).update(colour="red")), "colour"),
    "unknown kind": (edited(lambda it: transaction(it).update(kind="mint")), "mint"),
    "unknown step": (edited(lambda it: it["steps"][0].update(step="leap")), "leap"),
    "u64 as a number": (edited(lambda it: alice(it).update(nonce=1)), "nonce"),
    "u64 below 0": (edited(lambda it: alice(it).update(nonce="-1")), "nonce"),
    "u64 with a leading 0": (edited(lambda it: alice(it).update(nonce="01")), "nonce"),
    "u64 with a space": (edited(lambda it: alice(it).update(nonce=" 1")), "nonce"),
    "account above u64": (edited(lambda it: alice(it).update(nonce=str(2**64))), "nonce"),
    "balance above u64": (
        edited(lambda it: alice(it).update(balances={"native": str(2**64)})),
        "balance",
    ),
    "fee above u64": (edited(lambda it: transaction(it).update(fee=str(2**64))), "fee"),
    "nonce above u64": (edited(lambda it: transaction(it).update(nonce=str(2**64))), "nonce"),
    "fee type above u8": (edited(lambda it: transaction(it).update(fee_type=256)), "fee_type"),
    "chain above u8": (edited(lambda it: transaction(it).update(chain_id=-1)), "chain_id"),
    "signer id above u8": (edited(cosigned_by(256)), "signer_id"),
    "unknown alias": (edited(lambda it: transaction(it).update(source="zoe")), "zoe"),
    "hex too short": (edited(lambda it: transaction(it).update(source="00")), "00"),
    "unknown asset": (
        edited(lambda it: transaction(it)["outputs"][0].update(asset="tin")),
        "tin",
    ),
    "account given twice": (
        edited(lambda it: it["state"]["accounts"].update({ALICE.hex(): {}})),
        "twice",
    ),
    "duplicate ids": (edited(duplicate_id), "same id"),
    "unknown scheme": (edited(lambda it: it.update(scheme="rot13")), "rot13"),
    "unknown policy": (edited(lambda it: it["steps"][0].update(policy="maybe")), "maybe"),
    "unknown signature": (
        edited(lambda it: transaction(it).update(signature="forged")),
        "forged",
    ),
    "unknown code": (
        edited(lambda it: it.update(expected=[{"rejection": {"code": "OOPS"}}])),
        "OOPS",
    ),
    "rewind of nothing": (
        edited(lambda it: it["steps"].append({"step": "rewind", "blocks": 0})),
        "rewind by 0",
    ),
    "rewind too far": (
        edited(lambda it: it["steps"].append({"step": "rewind", "blocks": 2})),
        "rewind by 2",
    ),
    "wire that is no hex": (
        edited(
            lambda it: it["steps"][0]["transactions"].append(
                {"kind": "raw", "id": "t1", "wire": "xyz"}
            )
        ),
        "xyz",
    ),
    "key given twice": (
        to_bytes(record()).replace(b'"format": 1', b'"format": 1, "format": 1'),
        "'format' is given twice, at $",
    ),
    "key given twice inside": (
        to_bytes(record()).replace(b'"nonce": "5"', b'"nonce": "5", "nonce": "6"'),
        "'nonce' is given twice, at $.state.accounts.bob",
    ),
    "account given twice by one name": (
        to_bytes(record()).replace(b'"alice": {', b'"alice": {}, "alice": {', 1),
        "'alice' is given twice, at $.state.accounts",
    ),
    "asset given twice": (
        edited(lambda it: alice(it).update(balances={"native": "1", "00" * 32: "2"})),
        "a balance is given twice",
    ),
    "lone surrogate": (
        to_bytes(record()).replace(b"hand-written", b"\\ud800"),
        "a lone surrogate in '\\\\ud800', at $.origin.kind",
    ),
    "digits without end": (
        to_bytes(record()).replace(b'"format": 1', b'"format": ' + b"1" * 5000),
        "an integer of 5000 digits is no value, at $.format",
    ),
    "a number that is none": (
        to_bytes(record()).replace(b'"format": 1', b'"format": 1e400'),
        "no format version",
    ),
    "hex with white space": (
        edited(lambda it: transaction(it).update(source="00 " * 32)),
        "neither a known account nor 64 hex digits",
    ),
    "data in hex with white space": (edited(lambda it: alice(it).update(data="00 11")), "not hex"),
    "unknown verdict": (edited(lambda it: it.update(verdict="maybe")), "'maybe' is no verdict"),
    "no workers": (edited(lambda it: it.update(executor=runs_on(workers=0))), "workers"),
    "too many workers": (edited(lambda it: it.update(executor=runs_on(workers=257))), "workers"),
    "no time": (edited(lambda it: it.update(executor=runs_on(deadline=0))), "deadline"),
    "time without end": (edited(lambda it: it.update(executor=runs_on(deadline=1e9))), "deadline"),
    "memory without end": (edited(lambda it: it.update(executor=runs_on(memory=2**40))), "memory"),
    "a store that is no class": (
        edited(lambda it: it.update(executor=runs_on(storage="rocksdb"))),
        "storage",
    ),
    "more failures than runs": (edited(reproduced(failed=3, runs=2)), "3 in 2 runs"),
    "failures below 0": (edited(reproduced(failed=-1, runs=2)), "failed"),
    "no runs": (edited(reproduced(failed=0, runs=0)), "runs"),
    "runs without end": (edited(reproduced(failed=1, runs=10**30)), "runs"),
    "unknown mode": (edited(reproduced(failed=1, runs=1, mode="backwards")), "mode"),
    "seed above u64": (edited(reproduced(failed=1, runs=1, seed=str(2**64))), "seed"),
    "merge that dies after the end": (
        edited(lambda it: it["steps"][0].update(fault={"fault": "merge_dies", "after": 10**30})),
        "after",
    ),
    "occurrence of too many digits": (
        edited(lambda it: it.update(schedule=[f"t0@publish#{'9' * 5000} -> t1"])),
        "is not of the form",
    ),
    "no deviation": (edited(lambda it: it.update(schedule=["t0@label"])), "t0@label"),
    "trace without label": (edited(lambda it: it.update(trace=["t0"])), "t0"),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_bad_file_is_refused_in_one_line_that_names_it(
    data: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(data)
    with pytest.raises(CaseFileError) as raised:
        load(path)
    text = str(raised.value)
    assert text.startswith(f"{path}: ")
    assert reason in text
    assert "\n" not in text


def test_the_edited_document_is_refused_for_its_edit_alone(tmp_path: Path) -> None:
    path = tmp_path / "good.json"
    path.write_bytes(edited(lambda it: it["steps"][0]["transactions"].append(bump())))
    intents = (pays("t0", 0), Intent("t1", ALICE, NonceBump(), 0, 0))
    assert load(path).case == case_of(block(*intents))


@pytest.mark.parametrize("kind", ["absent", "a folder"])
def test_a_file_that_cannot_be_read_is_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    if kind == "a folder":
        path.mkdir()
    with pytest.raises(CaseFileError, match=r"case\.json: \S+"):
        load(path)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_case_file_error(data: bytes) -> None:
    with pytest.raises(CaseFileError):
        from_bytes(data)


@given(st.data())
def test_a_file_cut_anywhere_is_refused(data: st.DataObject) -> None:
    whole = to_bytes(record(case_of(block(cosigned()))))
    cut = data.draw(st.integers(0, len(whole) - 2))
    with pytest.raises(CaseFileError):
        from_bytes(whole[:cut])


def cosigned() -> Intent:
    return Intent("t0", ALICE, NonceBump(), 0, FEE, cosigners=(Cosigner(0, BOB, valid=False),))


def test_a_content_name_that_does_not_match_is_refused(tmp_path: Path) -> None:
    path = save(record(), tmp_path)
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(CaseFileError, match="does not match the hash"):
        load(path)
    assert load(path.rename(tmp_path / "renamed.json")) == record()


# Writing.


def refuse(_: int) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def files(folder: Path) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_a_disk_that_refuses_leaves_the_old_file_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "case.json"
    write_whole(path, b"old")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    with pytest.raises(OSError, match="No space left"):
        save(record(), tmp_path)
    assert files(tmp_path) == {str(path): b"old"}


def test_the_old_file_stays_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "case.json"
    write_whole(path, b"old")
    monkeypatch.setattr(Path, "replace", lambda *_: refuse(0))
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert files(tmp_path) == {str(path): b"old"}


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    for data in (b"old and long", b"new"):
        write_whole(path, data)
    assert files(tmp_path) == {str(path): b"new"}
