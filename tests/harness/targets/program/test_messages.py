"""The messages say what the values say, and the contract's page shows messages that are real."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec
import pytest

from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Case
from lockstep.generate.mixture import case_at
from lockstep.targets.program.blocks import read_block, said_valid, write_block
from lockstep.targets.program.capabilities import CapabilitiesMessage, HeightsMessage, LimitsMessage
from lockstep.targets.program.ledger_messages import (
    AccountMessage,
    BlockMessage,
    BurnMessage,
    StateMessage,
    TransactionMessage,
)
from lockstep.targets.program.messages import (
    Answer,
    ErrorAnswer,
    ExecuteBlockAnswer,
    HelloAnswer,
    Request,
)
from lockstep.targets.program.outcome_messages import (
    FaultMessage,
    OutcomeMessage,
    RejectionMessage,
    StatisticsMessage,
)
from lockstep.targets.program.outcomes import read_outcome, write_outcome
from lockstep.targets.program.scalars import ContractError, read_bytes, read_key, read_sum, read_u64
from lockstep.targets.program.signatures import Judge, Told
from lockstep.targets.program.states import read_state, write_state
from lockstep.targets.program.transactions import arrives_by_wire
from lockstep_ledger.block import Block, Undecodable
from lockstep_ledger.model import U64_MAX, State, Transaction
from lockstep_ledger.outcome import NO_CHANGES, Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.wire import decode, encode
from lockstep_reference import block as reference
from tests.repository import REPOSITORY

PAGE = REPOSITORY / "docs" / "protocol.md"
CASES = [case_at("messages", number, "keyed-hash") for number in range(150)]
SCHEME = SCHEMES["keyed-hash"]


def blocks(case: Case) -> Iterator[tuple[State, Block]]:
    """Give every block before the first rewind, with the state before it."""
    storage = MemoryStorage(case.state)
    for number, step in enumerate(case.steps, start=1):
        if not isinstance(step, BlockStep):
            return
        block = realise(step, case.scheme)
        yield storage.export(), block
        storage.merge(reference.execute(block, storage, SCHEME).changes, number)


BLOCKS = [pair for case in CASES for pair in blocks(case)]


def through_json(message: object, kind: type) -> object:
    return msgspec.json.decode(msgspec.json.encode(message), type=kind)


def test_states_survive_the_wire() -> None:
    for state, _ in BLOCKS:
        message = through_json(write_state(state), StateMessage)
        assert isinstance(message, StateMessage)
        assert read_state(message) == state


def test_blocks_survive_the_wire_but_for_the_reason_why_bytes_are_no_transaction() -> None:
    for _, block in BLOCKS:
        message = through_json(write_block(block, "keyed-hash"), BlockMessage)
        assert isinstance(message, BlockMessage)
        read = read_block(message)
        assert len(read.transactions) == len(block.transactions)
        for left, right in zip(block.transactions, read.transactions, strict=True):
            assert left == right or (
                isinstance(left.content, Undecodable)
                and isinstance(right.content, Undecodable)
                and (left.wire, left.size, left.hash) == (right.wire, right.size, right.hash)
            )
        assert (read.policy, read.rewards, read.fees_to) == (
            block.policy,
            block.rewards,
            block.fees_to,
        )
        assert read.advances_height == block.advances_height


def test_outcomes_survive_the_wire() -> None:
    for state, block in BLOCKS:
        outcome = reference.execute(block, MemoryStorage(state), SCHEME)
        message = through_json(write_outcome(outcome), OutcomeMessage)
        assert isinstance(message, OutcomeMessage)
        assert read_outcome(message) == outcome


def test_from_wire_is_said_exactly_of_what_the_bytes_decode_to() -> None:
    seen = set()
    for _, block in BLOCKS:
        for envelope in block.transactions:
            if isinstance(envelope.content, Transaction):
                arrives = arrives_by_wire(envelope.content)
                assert arrives == (decode(encode(envelope.content)) == envelope.content)
                seen.add(arrives)
    assert seen == {True, False}


def test_the_precomputed_flags_lead_to_the_same_outcome_as_verifying() -> None:
    """Holds for every block, those that change a multisig and are co-signed among them."""
    cosigned = 0
    for state, block in BLOCKS:
        storage = MemoryStorage(state)
        message = write_block(block, "keyed-hash", Judge(block, storage, SCHEME))
        told = Told()
        told.valid = said_valid(message, block)
        expected = reference.execute(block, storage, SCHEME)
        assert reference.execute(block, storage, told) == expected
        cosigned += sum(
            bool(each.content.cosignatures)
            for each in block.transactions
            if isinstance(each.content, Transaction)
        )
    assert cosigned > 20


def test_without_flags_nothing_is_valid() -> None:
    told = Told()
    for state, block in BLOCKS:
        told.valid = said_valid(write_block(block, "keyed-hash"), block)
        outcome = reference.execute(block, MemoryStorage(state), told)
        assert not any(receipt.code == 0 for receipt in outcome.receipts)


@pytest.mark.parametrize("text", ["0", "1", str(U64_MAX), 0, U64_MAX])
def test_a_u64_is_read_in_both_forms(text: str | int) -> None:
    assert read_u64(text) == int(text)


@pytest.mark.parametrize(
    "text",
    ["", "01", "+1", "-1", " 1", "1e3", "1.0", "0x1", "\u0661", "1_0", str(U64_MAX + 1), -1, 2**64],
)
def test_what_is_no_u64_is_refused(text: str | int) -> None:
    with pytest.raises(ContractError):
        read_u64(text)


def test_fees_that_vanish_may_add_up_to_more_than_a_u64() -> None:
    outcome = Outcome((), NO_CHANGES, fees=2 * U64_MAX)
    message = through_json(write_outcome(outcome), OutcomeMessage)
    assert isinstance(message, OutcomeMessage)
    assert read_outcome(message) == outcome
    with pytest.raises(ContractError):
        read_sum(2**128)


@pytest.mark.parametrize("text", ["0", "0g", "00 11", "0x00", "é"])
def test_what_is_no_hex_is_refused(text: str) -> None:
    with pytest.raises(ContractError):
        read_bytes(text)


def test_a_key_has_32_bytes() -> None:
    assert read_key("AB" * 32) == b"\xab" * 32
    with pytest.raises(ContractError):
        read_key("ab" * 31)


def examples() -> list[dict[str, object]]:
    texts = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [json.loads(each) for each in texts]


def kinds(union: object) -> set[str]:
    found = {each.__struct_config__.tag for each in union.__args__}  # type: ignore[attr-defined]
    assert None not in found
    return found


def is_request(example: dict[str, object]) -> bool:
    """Tell a request from an answer of the same type by what only one of them has."""
    match example["type"]:
        case "hello":
            return "capabilities" not in example
        case "load_state":
            return "state" in example
        case "execute_block":
            return "block" in example
        case "export_state":
            return "state" not in example
        case "read_state":
            return "topoheight" in example
        case "rewind":
            return "blocks" in example
        case kind:
            return kind != "error"


def test_the_page_shows_every_message_and_every_kind_of_transaction() -> None:
    shown = examples()
    assert {each["type"] for each in shown if "type" in each} == kinds(Request) | kinds(Answer)
    assert {each["kind"] for each in shown if "kind" in each} | {"transfers"} == kinds(
        TransactionMessage
    )


def test_every_example_of_the_page_is_a_message() -> None:
    for example in examples():
        data = json.dumps(example)
        if "kind" in example:
            msgspec.json.decode(data, type=TransactionMessage)
        elif "type" in example:
            msgspec.json.decode(data, type=Request if is_request(example) else Answer)
        else:
            msgspec.json.decode(data, type=OutcomeMessage)


HOLDERS: dict[str, tuple[type[msgspec.Struct], ...]] = {
    "hello": (HelloAnswer,),
    "capabilities": (CapabilitiesMessage,),
    "limits": (LimitsMessage,),
    "heights": (HeightsMessage,),
    "answer to execute_block": (ExecuteBlockAnswer,),
    "outcome": (OutcomeMessage,),
    "rejection, an entry of faults": (RejectionMessage, FaultMessage),
    "statistics": (StatisticsMessage,),
    "state": (StateMessage,),
    "an account": (AccountMessage,),
    "error": (ErrorAnswer,),
}


def test_the_page_lists_exactly_the_fields_that_may_be_left_out_of_an_answer() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## What may be left out")[2]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", table.partition("\n## ")[0], re.MULTILINE)
    listed = {name.replace("`", ""): set(re.findall(r"`(\w+)`", text)) for name, text in rows[1:]}
    for name, holders in HOLDERS.items():
        fields = [each for holder in holders for each in msgspec.structs.fields(holder)]
        assert listed.pop(name) == {each.name for each in fields if not each.required}, name
    assert not [name for name in listed if not name.startswith("-")]


def test_the_page_says_how_many_fields_suffice() -> None:
    """Twelve: three of any transaction, seven of a signed one, two of a burn."""
    text = PAGE.read_text(encoding="utf-8").partition("### Which fields suffice")[2]
    named = re.findall(r"`(\w+)`", text.partition(". A nonce bump")[0])
    signed = named[named.index("kind") : named.index("signer_id")]
    assert len(signed) == 10
    every = {each.name for each in msgspec.structs.fields(BurnMessage)} | {"kind"}
    assert set(signed) <= every


def test_a_request_of_the_page_gives_the_answer_of_the_page() -> None:
    """The state, the block and the outcome shown belong together."""
    named = {(each["type"], *sorted(each)): each for each in examples() if "type" in each}
    load, execute, answer = (
        next(each for key, each in named.items() if key[0] == kind and field in key)
        for kind, field in (
            ("load_state", "state"),
            ("execute_block", "block"),
            ("execute_block", "outcome"),
        )
    )
    state = read_state(msgspec.convert(load["state"], StateMessage))
    message = msgspec.convert(execute["block"], BlockMessage)
    block, storage, told = read_block(message), MemoryStorage(state), Told()
    told.valid = said_valid(message, block)
    outcome = reference.execute(block, storage, told)
    assert outcome == read_outcome(msgspec.convert(answer["outcome"], OutcomeMessage))
    assert outcome == reference.execute(block, storage, SCHEME)
