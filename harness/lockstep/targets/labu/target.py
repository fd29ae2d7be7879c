"""An executor under test that is a labu server: where it is, and what it cannot be asked for."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit

from lockstep.case.file import Setting
from lockstep.faults import HarnessFault, UsageError
from lockstep.run.stores import Stores
from lockstep.targets.labu.client import ANSWER_LIMIT, DEADLINE_SECONDS, Broken, Client
from lockstep.targets.labu.conversation import Conversation
from lockstep.targets.labu.lane import LabuLane
from lockstep.targets.labu.projection import PROJECTED_KINDS, project
from lockstep.targets.target import Projection, Target

PREFIX = "http://"


class LabuTarget(Target):
    """The server at ``host`` and ``port``; ``deadline`` is in seconds a request."""

    exclusive: ClassVar[bool] = True
    takes_wire: ClassVar[bool] = True
    projection: ClassVar[Projection | None] = Projection(
        PROJECTED_KINDS,
        "cases as labu can express them: atomic, native, signed with real keys",
        project,
    )

    def __init__(
        self,
        name: str,
        host: str,
        port: int,
        deadline: float = DEADLINE_SECONDS,
        answer_limit: int = ANSWER_LIMIT,
    ) -> None:
        super().__init__(name)
        self.host = host
        self.port = port
        self.deadline = deadline
        self.answer_limit = answer_limit

    def open(self, setting: Setting, stores: Stores) -> LabuLane:  # noqa: ARG002
        """Return a lane over a connection of its own; the server stores what it holds."""
        return LabuLane(self.client(), setting)

    def client(self) -> Client:
        """Return a client that is not yet connected."""
        return Client(self.host, self.port, self.deadline, self.answer_limit)

    def reach(self) -> None:
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
        raise UsageError(f"executor {name}: a labu server is written http://host:port")
    return LabuTarget(name.rstrip("/"), host, port)
