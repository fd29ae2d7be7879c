"""Foreign text: whatever it holds, what is printed or kept of it is harmless and bounded."""

from __future__ import annotations

import pickle
from typing import NoReturn

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lockstep.faults import HarnessFault, UsageError
from lockstep.foreign.text import (
    MOST,
    encodable,
    error_text,
    named_error,
    shown,
    shown_block,
    value_text,
)
from lockstep.verdict import Difference, NoOutcome, Verdict

ANYTHING = st.text(st.characters(exclude_categories=()))
"""Any text at all: control characters, lone surrogates, marks that reverse a line."""

COMMANDS = (
    "::error file=app.py::forged",
    "::stop-commands::token",
    "##vso[task.complete result=Succeeded;]",
    "##[error]forged",
    "##teamcity[testFinished name='all']",
)


def is_command(line: str) -> bool:
    """Tell whether a CI service takes ``line`` for a command: GitHub, Azure or TeamCity."""
    anywhere = ("##vso[", "##[", "##teamcity[")
    return line.lstrip().startswith("::") or any(each in line for each in anywhere)


@given(ANYTHING)
@example("a\x1b[2Jb")
@example("\ud800")
@example(" \t::error::")
@example("####vso[")
def test_one_line_is_printable_holds_no_command_and_can_be_encoded(text: str) -> None:
    line = shown(text)
    assert line.isprintable()
    assert not is_command(line)
    assert line.encode().decode() == line


@given(ANYTHING)
def test_every_line_of_a_block_is_printable_and_holds_no_command(text: str) -> None:
    for line in shown_block(text).split("\n"):
        assert line.isprintable()
        assert not is_command(line)


@given(ANYTHING)
def test_what_is_harmless_is_left_as_it_is(text: str) -> None:
    assert shown(shown(text)) == shown(text)
    assert shown_block(shown_block(text)) == shown_block(text)
    assert shown_block(shown(text)) == shown(text)


@pytest.mark.parametrize(
    "text", ["", "  two  blanks ", "42 of 50", "caf\xe9 \u4f60", "std::bad_alloc"]
)
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert (shown(text), shown_block(text), encodable(text)) == (text, text, text)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_a_ci_service_is_broken_up_wherever_it_is_taken_for_one(command: str) -> None:
    for text in (command, f"  {command}", f"\x1b{command}", f"first\n{command}\nlast"):
        assert is_command(text) or any(map(is_command, text.split("\n"))) or text[0] == "\x1b"
        assert not is_command(shown(text))
        assert not any(map(is_command, shown_block(text).split("\n")))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("gave up\nin two\r\nlines\n", "gave up in two lines"),
        ("\x1b[31mred\x1b[0m\x07", "\\x1b[31mred\\x1b[0m\\x07"),
        ("a\u202eb\u200bc", "a\\u202eb\\u200bc"),
        ("\ud800", "\\ud800"),
        ("caf\udce9", "caf\\xe9"),
        ("\x00", "\\x00"),
    ],
)
def test_what_nobody_would_see_is_written_out(text: str, line: str) -> None:
    assert shown(text) == line


def test_the_lines_of_a_block_stay_lines() -> None:
    assert shown_block("one\ttwo\r\n\x1b::x\n") == "one    two\n\\x1b::x\n"


@given(ANYTHING, st.integers(10, 50))
def test_no_text_is_longer_than_it_may_be(text: str, most: int) -> None:
    assert len(shown(text, most)) <= most
    assert len(shown_block(text, most)) <= most


def test_what_is_cut_says_so() -> None:
    assert shown("a" * (MOST + 1)) == "a" * (MOST - 6) + " [cut]"
    assert shown("a" * MOST) == "a" * MOST


@given(ANYTHING)
def test_encodable_text_differs_by_its_surrogates_alone(text: str) -> None:
    safe = encodable(text)
    safe.encode()
    if not any("\ud800" <= each <= "\udfff" for each in text):
        assert safe == text


# Errors and values.


class Speechless(Exception):
    def __str__(self) -> NoReturn:
        raise SystemExit(0)

    __repr__ = __str__


def test_an_error_that_cannot_say_what_it_is_is_told_all_the_same() -> None:
    assert error_text(Speechless()) == "an error that cannot say what it is"
    assert named_error(Speechless()) == f"Speechless: {error_text(Speechless())}"
    assert value_text(Speechless(), repr) == "a Speechless that cannot be shown"


def test_a_number_of_too_many_digits_is_told_all_the_same() -> None:
    assert value_text(10**5000) == "a int that cannot be shown"


def test_an_interrupt_is_not_taken_for_an_error_of_the_text() -> None:
    class Interrupting(Exception):
        def __str__(self) -> NoReturn:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        error_text(Interrupting())


@given(ANYTHING)
def test_the_text_of_a_fault_is_one_harmless_line_that_survives_the_way_to_another_process(
    text: str,
) -> None:
    for kind in (UsageError, HarnessFault):
        line = str(kind(text))
        assert line == shown(text, 2000)
        assert str(pickle.loads(pickle.dumps(kind(text)))) == line  # noqa: S301 - ours


@given(ANYTHING, ANYTHING, ANYTHING)
def test_a_difference_is_harmless_whatever_an_executor_says(
    where: str, left: str, right: str
) -> None:
    difference = Difference("executor", where, left, right)
    assert all(line.isprintable() for line in str(difference).split("\n"))
    str(difference).encode()
    outcome = NoOutcome.because(Verdict.CRASH, "process", left, difference)
    assert outcome.differences[0].actual == shown(left)
    str(outcome).encode()
