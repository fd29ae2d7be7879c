"""The page on labu: its examples are one conversation that a fresh server really has."""

from __future__ import annotations

import json
import re

from lockstep.serve.endpoints import ROUTES, answer
from lockstep.serve.ledger import Ledger, served
from lockstep.targets.labu.judge import ASSETS, DIGEST, MULTISIGS, RECEIPTS, REWINDS
from lockstep.vectors.run import ROUND_TRIPS
from tests.repository import REPOSITORY

PAGE = (REPOSITORY / "docs" / "labu.md").read_text()
EXAMPLE = re.compile(r"```\n(GET|POST) (\S+)\n(.*?)\n?\n(\d{3})\n(.*?)\n```", re.DOTALL)


def test_every_example_is_answered_as_the_page_says() -> None:
    examples = EXAMPLE.findall(PAGE)
    ledger = Ledger(served("reference"), 1)
    for method, path, body, status, expected in examples:
        found = answer(ledger, method, path, body.encode())
        assert found.status == int(status), path
        if isinstance(found.document, str):
            assert found.document.strip() == expected
        else:
            assert found.document == json.loads(expected), path
    assert {path for _, path, *_ in examples} == ROUTES.keys()


def test_every_word_for_what_is_not_compared_is_explained() -> None:
    for words in (RECEIPTS, DIGEST, MULTISIGS, ASSETS, REWINDS, ROUND_TRIPS):
        shown = re.split(r"[:,] (?=the|which)", words)[0]
        assert f"| {shown}" in PAGE, words
