"""A few hundred hostile exchanges do a server no harm; a server that they do harm is noticed."""

from __future__ import annotations

import sys

import pytest

from tests.attack.exchanges import KINDS, exchange_at
from tests.attack.http import Report, attack

QUICK = 300
BOUND = 100
"""MiB that the server may have at most: what it has when it begins, and its limits."""


def harmed(change: str, count: int = len(KINDS)) -> Report:
    """Attack a server that lacks one of its defences."""
    script = f"""
import os
from dataclasses import replace
from lockstep.serve import connection, names
from lockstep.serve.http import Server
from tests.attack import http
{change}
http._serve()
"""
    return attack(count, (sys.executable, "-c", script), patience=2)


def test_a_server_survives_and_each_exchange_ends_as_it_must() -> None:
    report = attack(QUICK)
    assert report.is_clean, list(report.lines())
    assert report.tried == QUICK
    assert report.mebibytes < BOUND


def test_an_exchange_is_the_same_each_time() -> None:
    assert [exchange_at(each) for each in range(90)] == [exchange_at(each) for each in range(90)]
    assert len({exchange_at(each).name for each in range(QUICK)}) > len(KINDS)


def test_a_server_that_dies_is_noticed() -> None:
    assert harmed("Server.carry_out = lambda self, method, *_: os._exit(1)").died


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("names.Names.foreign = lambda *_: None", "for somebody else"),
        ("http.LIMITS = replace(http.LIMITS, connections=99)", "a crowd"),
        ("http.LIMITS = replace(http.LIMITS, head=1 << 20)", "many headers"),
        ("http.LIMITS = replace(http.LIMITS, body=1 << 63)", "a great promise"),
        (
            "names.Names.foreign = lambda _, hosts, __: None if hosts == ['localhost'] else 1 / 0",
            "Zero",
        ),
    ],
)
def test_a_server_without_a_defence_is_found_to_be_wrong(change: str, word: str) -> None:
    assert any(word in each for each in harmed(change).wrong)


def test_a_server_that_waits_for_ever_is_found_to_hang() -> None:
    found = harmed("http.LIMITS = replace(http.LIMITS, request=99, idle=99)")
    assert {each.split(" ", 1)[1] for each in found.hung} <= {"drops", "silence", "not a byte"}
    assert found.hung
