"""Whom a request is meant for: the names and addresses that are this server's own.

Invariant: a page of the web cannot have its visitor's browser ask a server here: neither by a name
of its own that leads to this machine (``Host``), nor from a page of somebody else (``Origin``).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address

AUTHORITY = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\[\]:/?#@\s]+)(:[0-9]{0,5})?", re.IGNORECASE)
"""A host and perhaps a port, as ``Host`` has it."""


class Names:
    """The names of a server that listens on ``bound`` because it was told to listen on ``host``."""

    def __init__(self, host: str, bound: str) -> None:
        self._bound = address_of(bound)
        self._names = {host.casefold()}
        if self.anywhere:
            self._names.add(socket.gethostname().casefold())

    @property
    def anywhere(self) -> bool:
        """Tell whether the server listens on every address of its machine."""
        return self._bound is not None and self._bound.is_unspecified

    @property
    def only_here(self) -> bool:
        """Tell whether nobody but this machine can reach the server."""
        return self._bound is not None and self._bound.is_loopback

    def include(self, authority: str) -> bool:
        """Tell whether ``authority``, a host and perhaps a port, is this server.

        An address is no name that somebody else could have pointed here, so where the server
        listens everywhere, every address is one of its own.
        """
        match = AUTHORITY.fullmatch(authority)
        if match is None:
            return False
        name = match["name"].casefold().removesuffix(".")
        address = address_of(name.strip("[]"))
        if address is None:
            return name in self._names or name == "localhost" or name.endswith(".localhost")
        return address.is_loopback or address == self._bound or self.anywhere

    def foreign(self, hosts: Iterable[str], origins: Iterable[str]) -> str | None:
        """Say which of ``Host`` and ``Origin`` is somebody else's; None if none of them is."""
        for each in hosts:
            if not self.include(each):
                return f"Host is {each[:80]!r}, which is not this server"
        for each in origins:
            if not self.include(each.partition("://")[2]):
                return f"Origin is {each[:80]!r}: pages of others cannot ask this server"
        return None


def address_of(text: str) -> Address | None:
    """Return the address that ``text`` is; None if it is a name."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
