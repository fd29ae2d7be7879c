"""An executor under test that is a labu server: where it is, and what it cannot be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from lockstep.faults import HarnessFault, UsageError
from lockstep.targets.labu.client import ANSWER_LIMIT, DEADLINE_SECONDS, Broken, Client
from lockstep.targets.labu.conversation import Conversation

PREFIX = "http://"


@dataclass(frozen=True, slots=True)
class LabuTarget:
    """The server at ``host`` and ``port``; ``name`` is what the user called it.

    It has one state, so at most one may use it at a time. ``deadline`` is in seconds a request.
    """

    name: str
    host: str
    port: int
    deadline: float = DEADLINE_SECONDS
    answer_limit: int = ANSWER_LIMIT

    def client(self) -> Client:
        """Return a client that is not yet connected."""
        return Client(self.host, self.port, self.deadline, self.answer_limit)

    def check(self) -> None:
        """Ask for its health. Raises ``HarnessFault`` if no server answers as it should."""
        client = self.client()
        try:
            Conversation(client).health()
        except Broken as broken:
            raise HarnessFault(f"no labu server at {self.name}: {broken}") from broken
        finally:
            client.close()


def labu_target(name: str) -> LabuTarget:
    """Return the target at ``name``, written ``http://host:port``. Raises ``UsageError``."""
    try:
        parts = urlsplit(name)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"executor {name}: {error}") from error
    if not host or port is None or name.rstrip("/") != f"{PREFIX}{parts.netloc}" or "@" in name:
        raise UsageError(f"executor {name}: an outside executor is written http://host:port")
    return LabuTarget(name.rstrip("/"), host, port)
