"""A module that says when it is imported; nothing but a trusted file may have that done."""

from __future__ import annotations

from pathlib import Path

from lockstep_parallel.executors.batched import Batched
from tests.attack.mutations import MARK

Path(MARK).touch()


class Marker(Batched):
    """An executor that is right; importing its module is what is looked for."""
