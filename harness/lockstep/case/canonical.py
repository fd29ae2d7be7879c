"""A document as plain data without what its type says by default.

Invariant: equal documents give equal data, whether a default was written out or left out. Every
text in it can be encoded, whatever an executor put there.
"""

from __future__ import annotations

from typing import Any

from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

from lockstep.foreign.text import encodable


def without_defaults(value: Any) -> Any:
    """Return ``value`` as dicts, lists, strings and numbers, fields at their default left out."""
    if isinstance(value, Struct):
        config = value.__struct_config__
        plain = {} if config.tag is None else {config.tag_field: config.tag}
        for field in fields(value):
            content = getattr(value, field.name)
            if content != _default(field):
                plain[field.encode_name] = without_defaults(content)
        return plain
    if isinstance(value, list):
        return [without_defaults(each) for each in value]
    if isinstance(value, dict):
        return {encodable(key): without_defaults(each) for key, each in value.items()}
    if isinstance(value, str):
        return encodable(value)
    return value


def _default(field: FieldInfo) -> Any:
    if field.default is not NODEFAULT:
        return field.default
    return field.default_factory() if field.default_factory is not NODEFAULT else NODEFAULT
