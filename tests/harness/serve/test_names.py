"""A request is for this server by its own names and addresses, and from no page of others."""

from __future__ import annotations

import socket

import pytest

from lockstep.serve.names import Names

LOOPBACK = Names("127.0.0.1", "127.0.0.1")
EVERYWHERE = Names("0.0.0.0", "0.0.0.0")  # noqa: S104 - nothing listens here
NAMED = Names("Node.example", "192.0.2.7")

OWN = [
    (LOOPBACK, "127.0.0.1"),
    (LOOPBACK, "127.0.0.1:8080"),
    (LOOPBACK, "127.1.2.3:1"),
    (LOOPBACK, "localhost"),
    (LOOPBACK, "LocalHost:8080"),
    (LOOPBACK, "localhost."),
    (LOOPBACK, "node.localhost:80"),
    (LOOPBACK, "[::1]:8080"),
    (LOOPBACK, "[::ffff:127.0.0.1]"),
    (LOOPBACK, "127.0.0.1:"),
    (NAMED, "node.example:8080"),
    (NAMED, "192.0.2.7"),
    (NAMED, "[::ffff:192.0.2.7]"),
    (NAMED, "localhost"),
    (EVERYWHERE, "198.51.100.9:8080"),
    (EVERYWHERE, "[2001:db8::1]"),
    (EVERYWHERE, socket.gethostname()),
    (Names("::", "::"), "198.51.100.9"),
]

FOREIGN = [
    *((names, each) for names in (LOOPBACK, NAMED, EVERYWHERE) for each in ("evil.example", "")),
    (LOOPBACK, "192.0.2.7"),
    (LOOPBACK, "0.0.0.0"),  # noqa: S104 - which browsers took for the own machine
    (LOOPBACK, "localhost.evil.example"),
    (LOOPBACK, "evil-localhost"),
    (LOOPBACK, "127.0.0.1.evil.example"),
    (LOOPBACK, "127.0.0.1@evil.example"),
    (LOOPBACK, "evil.example@127.0.0.1"),
    (LOOPBACK, "127.0.0.1/evil.example"),
    (LOOPBACK, "127.0.0.1:80:80"),
    (LOOPBACK, "127.0.0.1:port"),
    (LOOPBACK, "localhost, evil.example"),
    (LOOPBACK, "[::1"),
    (LOOPBACK, "[evil.example]"),
    (LOOPBACK, "2130706433"),
    (LOOPBACK, "127.1"),
    (LOOPBACK, "127.0.0.1\0"),
    (NAMED, "192.0.2.8"),
    (NAMED, "other.node.example"),
]


@pytest.mark.parametrize(("names", "authority"), OWN)
def test_the_own_names_are_included(names: Names, authority: str) -> None:
    assert names.include(authority)
    assert names.foreign([authority], [f"http://{authority}"]) is None


@pytest.mark.parametrize(("names", "authority"), FOREIGN)
def test_every_other_name_is_foreign(names: Names, authority: str) -> None:
    assert not names.include(authority)
    assert "not this server" in (names.foreign([authority], []) or "")
    assert "pages of others" in (names.foreign([], [f"http://{authority}"]) or "")


@pytest.mark.parametrize("origin", ["null", "", "file://", "localhost"])
def test_an_origin_that_is_nobodys_is_foreign(origin: str) -> None:
    assert LOOPBACK.foreign(["localhost"], [origin]) is not None


def test_only_a_loopback_address_is_out_of_the_reach_of_others() -> None:
    assert LOOPBACK.only_here
    assert Names("localhost", "::1").only_here
    assert not any(each.only_here for each in (EVERYWHERE, NAMED, Names("::", "::")))
