"""The attacks in their quick form lose nothing, and a report cannot hide what was lost."""

from __future__ import annotations

import pytest

from benchmarks.document import document, replaced
from tests.attack import topics
from tests.attack.__main__ import DOCUMENT, HEAD
from tests.attack.rows import Attacked, Row
from tests.attack.soak import Look, row
from tests.attack.topics import TOPICS, NotHere

ELSEWHERE = {"ends", "files", "http", "storage"}
"""These have tests of their own beside what they attack."""

NOTHING = Row("nothing", 3)
SOMETHING = Row("something", 3, ("a file",))


@pytest.mark.parametrize("name", sorted(TOPICS.keys() - ELSEWHERE))
def test_nothing_is_lost(name: str) -> None:
    attacked = TOPICS[name](True, 0.15 if name == "soak" else None)
    assert attacked.is_clean, "\n".join(attacked.lines())


def attacked(*rows: Row) -> Attacked:
    return Attacked("Subject", "A note.", rows)


def test_what_was_lost_or_never_tried_is_not_clean() -> None:
    assert attacked(NOTHING).is_clean
    assert not attacked(NOTHING, SOMETHING).is_clean
    assert not attacked(NOTHING, Row("never", 0)).is_clean
    assert not attacked().is_clean


def test_what_was_lost_stands_in_the_document_by_name() -> None:
    (line,) = [line for line in attacked(SOMETHING).lines() if line.startswith("| something")]
    assert line == "| something | 3 | **1**: a file |  |"


def test_a_section_is_replaced_and_the_others_stay() -> None:
    other = Attacked("Other", "Another note.", (NOTHING,))
    whole = document(HEAD, (), (attacked(NOTHING), other))
    again = replaced(whole, [attacked(SOMETHING)])
    assert again == document(HEAD, (), (attacked(SOMETHING), other))
    assert replaced(again, [attacked(NOTHING)]) == whole


def test_a_topic_that_is_not_here_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotHere, match=r"there is no tests\.attack\.nowhere"):
        topics._module("nowhere")


def test_a_campaign_that_grows_is_seen() -> None:
    said = "│ cases │ 7 in 1 s │\n"
    flat = [Look(50, 9, 12)] * 40
    assert row("it", 1, flat, said).lost == ()
    growing = [Look(50 + number, 9 + number, 12 + 5 * number) for number in range(40)]
    assert [text.split(" grew")[0] for text in row("it", 1, growing, said).lost] == [
        "mebibytes",
        "open_files",
        "on_disk",
    ]
    assert row("it", 1, flat, "Traceback").lost
    assert row("it", 1, [], said).lost


def test_the_document_is_of_this_command() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert text.startswith(HEAD)
