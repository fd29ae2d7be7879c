"""The schema says of every message what it may be: real conversations validate, mutilated do not.

``python -m tests.harness.targets.program.test_schema`` writes the schema that the documents show.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import fastjsonschema
import msgspec
import pytest

from lockstep.case.file import Setting
from lockstep.check.wire import Wire
from lockstep.generate.mixture import case_at
from lockstep.generate.references import REFERENCES, with_references
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.targets.program.messages import Answer, Request
from lockstep.targets.program.schema import schema, schema_bytes
from lockstep.targets.program.target import ProgramLane
from tests.harness.targets.program.inside import Inside, inside
from tests.repository import REPOSITORY

PAGE = REPOSITORY / "docs" / "protocol.schema.json"
Validate = Callable[[Any], object]


def validator(name: str) -> Validate:
    whole = schema()
    compiled: Validate = fastjsonschema.compile(
        {**whole, "anyOf": [{"$ref": f"#/$defs/{name}"}]}, use_default=False
    )
    return compiled


REQUEST, ANSWER = validator("Request"), validator("Answer")


def is_valid(validate: Validate, message: Any) -> bool:
    try:
        validate(message)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


@pytest.fixture(scope="module")
def conversation() -> list[tuple[Any, Any]]:
    """Hear campaigns on a program that verifies and on one that is told."""
    heard: list[tuple[Any, Any]] = []

    def noted(_: Inside, request: Any, answer: Callable[[Any], Any]) -> Any:
        heard.append((copy.deepcopy(request), answer(request)))
        return heard[-1][1]

    for precomputed in (False, True):
        program = inside("optimistic", noted, precomputed=precomputed)
        with ProgramLane(program, Setting("told"), MemoryStores()) as lane:
            for number in range(40):
                case = with_references(case_at("schema", number), REFERENCES, Random(number))
                lane.run_mixed(case, Random(number), Mix(1000))
            connection = lane.executor("keyed-hash").connection
            connection.close()
    strange = ({"type": "dance", "id": 1}, {"type": "echo", "id": 2})
    return heard + [(request, inside_answer(request)) for request in strange]


def inside_answer(request: Any) -> Any:
    answers: list[Any] = []

    def noted(_: Inside, message: Any, answer: Callable[[Any], Any]) -> Any:
        answers.append(answer(message))
        return answers[-1]

    with Wire(inside("", noted)) as wire:
        wire.greet()
        wire.tell(request)
    return answers[-1]


def test_what_is_sent_and_what_is_answered_validates(conversation: list[tuple[Any, Any]]) -> None:
    kinds = set()
    for request, answer in conversation:
        kinds.add(answer["type"])
        assert is_valid(ANSWER, answer), answer
        if answer["type"] != "error":
            assert is_valid(REQUEST, request), request
    assert kinds >= {"hello", "load_state", "execute_block", "export_state", "rewind", "error"}
    assert kinds >= {"read_state", "bye"}


def test_a_request_that_is_refused_as_malformed_does_not_validate() -> None:
    assert not is_valid(REQUEST, {"type": "echo", "id": 2})
    assert not is_valid(REQUEST, {"type": "dance", "id": 1})


def test_every_message_type_has_been_seen(conversation: list[tuple[Any, Any]]) -> None:
    tags = {each.__struct_config__.tag for union in (Request, Answer) for each in union.__args__}
    assert {each["type"] for pair in conversation for each in pair} - {"dance"} == tags - {"reset"}


def test_a_field_can_be_left_out_exactly_where_the_schema_lets_it(
    conversation: list[tuple[Any, Any]],
) -> None:
    allowed = set()
    for message, validate, kind in messages(conversation):
        for path in paths(message):
            if not isinstance(path[-1], int):
                without = removed(message, path)
                allowed.add(decodes(without, kind))
                assert is_valid(validate, without) is decodes(without, kind), path
    assert allowed == {True, False}


def test_no_message_survives_a_value_of_another_type(conversation: list[tuple[Any, Any]]) -> None:
    """A value becomes a list of an odd object, which nothing in the protocol is."""
    mutilated = 0
    for message, validate, _ in messages(conversation):
        for path in paths(message):
            assert not is_valid(validate, put(message, path, [{"odd": 1}])), path
            mutilated += 1
    assert mutilated > 300


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        *(("0", True), (7, True), (2**64 - 1, True), ("07", False), ("-1", False)),
        *((-1, False), (2**64, False), (1.5, False), ("1e3", False), ("9" * 21, False)),
    ],
)
def test_a_u64_has_two_forms(number: object, fits: bool) -> None:
    state = {"accounts": {}, "chain_id": 3, "height": number}
    assert is_valid(REQUEST, {"type": "load_state", "id": 1, "state": state}) is fits


def test_a_field_more_is_no_mistake(conversation: list[tuple[Any, Any]]) -> None:
    for request, answer in firsts(conversation):
        assert is_valid(REQUEST, {**request, "surprise": [1]})
        assert is_valid(ANSWER, {**answer, "surprise": [1]})


def test_the_schema_of_the_documents_is_that_of_the_messages() -> None:
    assert PAGE.read_bytes() == schema_bytes()


def firsts(conversation: list[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """Give the first exchange of each type that was answered."""
    seen = set()
    for request, answer in conversation:
        if answer["type"] not in seen and answer["type"] != "error":
            seen.add(answer["type"])
            yield request, answer


def messages(conversation: list[tuple[Any, Any]]) -> Iterator[tuple[Any, Validate, Any]]:
    """Give a message of each type and side, what validates it and what it decodes to."""
    for request, answer in firsts(conversation):
        yield request, REQUEST, Request
        yield answer, ANSWER, Answer


def decodes(message: Any, kind: Any) -> bool:
    try:
        msgspec.convert(message, type=kind)
    except msgspec.ValidationError:
        return False
    return True


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner: Any = ()
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in inner:
        yield (*before, key)
        yield from paths(each, (*before, key))


def value_at(message: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        message = message[key]
    return message


def put(message: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(message)
    value_at(changed, path[:-1])[path[-1]] = value
    return changed


def removed(message: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(message)
    del value_at(changed, path[:-1])[path[-1]]
    return changed


if __name__ == "__main__":
    PAGE.write_bytes(schema_bytes())
