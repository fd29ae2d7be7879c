"""Every number of a case that may be made smaller, addressed by its path through the values.

Invariant: putting a number at a place of a case changes that place only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeAlias, cast

from lockstep.case.values import Case

Path: TypeAlias = tuple[Any, ...]

_NUMBERS = frozenset(
    {"nonce", "fee", "amount", "energy", "burned", "height", "dev_amount", "miner_amount", "after"}
)
_SKIPPED = frozenset(
    {
        *("total_supply", "timestamp", "frozen", "flags", "chain_id", "fee_type"),
        # Other passes make these smaller.
        *("threshold", "signer_id", "blocks", "dry_runs", "retries", "reference"),
    }
)


def places(case: Case) -> list[Path]:
    """Return the places of ``case``, in a fixed order."""
    return list(_walk(case, ()))


def number_at(case: Case, path: Path) -> int:
    """Return the number at ``path``."""
    value: Any = case
    for key in path:
        value = getattr(value, key) if isinstance(key, str) else value[key]
    return cast("int", value)


def put(case: Case, path: Path, number: int) -> Case:
    """Return ``case`` with ``number`` at ``path``."""
    return cast("Case", _put(case, path, number))


def _walk(value: Any, path: Path) -> Iterator[Path]:
    if is_dataclass(value):
        for field in fields(value):
            if field.name in _SKIPPED:
                continue
            child = getattr(value, field.name)
            if field.name in _NUMBERS:
                yield (*path, field.name)
            elif field.name == "balances":
                yield from ((*path, field.name, asset) for asset in sorted(child))
            else:
                yield from _walk(child, (*path, field.name))
    elif isinstance(value, tuple):
        for index, child in enumerate(value):
            yield from _walk(child, (*path, index))
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield from _walk(value[key], (*path, key))
    else:
        assert type(value) is not int, f"{path[-1]} is neither lowered nor left as it is"


def _put(value: Any, path: Path, number: int) -> Any:
    if not path:
        return number
    key, rest = path[0], path[1:]
    if isinstance(key, str):
        return replace(value, **{key: _put(getattr(value, key), rest, number)})
    if isinstance(value, tuple):
        return (*value[:key], _put(value[key], rest, number), *value[key + 1 :])
    return {**value, key: _put(value[key], rest, number)}
