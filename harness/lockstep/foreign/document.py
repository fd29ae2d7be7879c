"""JSON that somebody else wrote, as plain values.

Invariant: a text has one meaning or is refused, at the place that says why. A key given twice means
one thing to one reader and another to the next; a number of thousands of digits, a lone surrogate
or ``NaN`` is no value at all.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lockstep.foreign.text import encodable, error_text, quoted

MOST_DIGITS = 40
"""More than any integer in a file may have; what is too large by less, its reader refuses."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NAME = re.compile(r"\w+", re.ASCII)


class DocumentError(ValueError):
    """A text that is no JSON, or JSON that has no one meaning; the text says where."""


class _Twice(dict[str, Any]):
    """An object that gives ``key`` twice."""

    key: str


@dataclass(frozen=True, slots=True)
class _NoValue:
    """What stands where a value should; ``text`` says what it is."""

    text: str


def document(data: bytes) -> Any:
    """Return the JSON in ``data`` as dicts, lists, texts and numbers. Raises ``DocumentError``."""
    reader = _Reader()
    try:
        text = data.decode()
        value = reader.read(text)
        if reader.found or _SURROGATE.search(text):
            for complaint in _complaints(value, "$"):
                raise DocumentError(complaint)
    except DocumentError:
        raise
    except RecursionError as error:
        raise DocumentError("nested too deeply") from error
    except ValueError as error:
        raise DocumentError(f"not JSON: {error_text(error)}") from error
    return value


class _Reader:
    """Reads JSON; ``found`` tells whether a part of it is marked as having no one meaning."""

    def __init__(self) -> None:
        self.found = False

    def read(self, text: str) -> Any:
        """Return the JSON in ``text``. Raises ``ValueError``."""
        return json.loads(
            text,
            object_pairs_hook=self._object,
            parse_int=self._integer,
            parse_constant=self._constant,
        )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) == len(pairs):
            return made
        self.found = True
        marked = _Twice(made)
        counts = Counter(key for key, _ in pairs)
        marked.key = next(key for key, count in counts.items() if count > 1)
        return marked

    def _integer(self, digits: str) -> int | _NoValue:
        if len(digits) <= MOST_DIGITS:
            return int(digits)
        return self._constant(f"an integer of {len(digits)} digits")

    def _constant(self, word: str) -> _NoValue:
        self.found = True
        return _NoValue(word)


def _complaints(value: Any, place: str) -> Iterator[str]:
    """Say of everything that has no one meaning where it is."""
    match value:
        case dict():
            if isinstance(value, _Twice):
                yield f"{quoted(value.key)} is given twice, at {place}"
            for key, each in value.items():
                yield from _complaints(key, f"a key of {place}")
                yield from _complaints(each, place + _step(key))
        case list():
            for number, each in enumerate(value):
                yield from _complaints(each, f"{place}[{number}]")
        case str() if encodable(value) is not value:
            yield f"a lone surrogate in {quoted(value)}, at {place}"
        case _NoValue(text):
            yield f"{text} is no value, at {place}"


def _step(key: str) -> str:
    return f".{key}" if _NAME.fullmatch(key) else f"[{quoted(key)}]"
