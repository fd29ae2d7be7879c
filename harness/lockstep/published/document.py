"""Takes typed values out of a vector's JSON.

Invariant: a value is what the format says or an ``OutOfScopeError`` that names the place; nothing
is guessed. A key that is absent and one that is null are the same.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any, TypeAlias

Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Json]


class OutOfScopeError(Exception):
    """The vector asks for what this ledger does not model; the text says for what."""


def object_of(value: Json, where: str) -> JsonObject:
    """Return ``value``, which must be an object."""
    if not isinstance(value, dict):
        raise OutOfScopeError(f"{where} is not an object")
    return value


def list_of(value: Json, where: str) -> list[Json]:
    """Return ``value``, which must be a list."""
    if not isinstance(value, list):
        raise OutOfScopeError(f"{where} is not a list")
    return value


def given(record: JsonObject, key: str, default: Json) -> Json:
    """Return a field, ``default`` if it is not there; a false or empty value is there."""
    value = record.get(key)
    return default if value is None else value


def integer(record: JsonObject, key: str, where: str, default: int | None = None) -> int:
    """Return an integer field; without ``default`` it must be there."""
    value = given(record, key, default)
    if type(value) is not int:
        raise OutOfScopeError(f"{where}: {key} is not an integer")
    return value


def octets(record: JsonObject, key: str, where: str, default: str | None = None) -> bytes:
    """Return the bytes of a hex field; without ``default`` it must be there."""
    return octets_of(given(record, key, default), f"{where}: {key}")


def octets_of(value: Json, where: str) -> bytes:
    """Return the bytes that ``value`` writes in hex."""
    if not isinstance(value, str):
        raise OutOfScopeError(f"{where} is not a hex string")
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise OutOfScopeError(f"{where} is not a hex string") from error


def refuse_unknown(record: JsonObject, known: Set[str], where: str) -> None:
    """Refuse keys that say something (not null, 0, false or empty) that is not modelled."""
    unknown = sorted(key for key, value in record.items() if key not in known and value)
    if unknown:
        raise OutOfScopeError(f"{where} has {', '.join(unknown)}, which is not modelled")
