"""JSON of others: one meaning, or refused with the place that has none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.foreign.document import DocumentError, document

NUMBERS = st.integers(-(10**38), 10**39) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(VALUES)
def test_json_with_one_meaning_is_read_as_it_is(value: Any) -> None:
    for ascii_alone in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_alone)
        assert document(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"a": 1, "a": 1}', "'a' is given twice, at $"),
        ('{"a": [0, {"c d": {"x": 1, "y": 2, "x": 3}}]}', "'x' is given twice, at $.a[1]['c d']"),
        ('{"\\u001b": {"k": 1, "k": 2}}', "'k' is given twice, at $['\\\\x1b']"),
        ('{"a": 1, "\\u0061": 2}', "'a' is given twice, at $"),
        ('["\\ud800"]', "a lone surrogate in '\\\\ud800', at $[0]"),
        ('{"a": {"\\udc00": 1}}', "a lone surrogate in '\\\\udc00', at a key of $.a"),
        (f"[{'9' * 41}]", "an integer of 41 digits is no value, at $[0]"),
        (f'{{"a": -{"9" * 5000}}}', "an integer of 5001 digits is no value, at $.a"),
        ("[NaN]", "NaN is no value, at $[0]"),
        ('{"x": [-Infinity]}', "-Infinity is no value, at $.x[0]"),
        ("", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("{'a': 1}", "not JSON: Expecting property name"),
        ('{"a": 1', "not JSON: Expecting ',' delimiter: line 1 column 8"),
        ('["\x01"]', "not JSON: Invalid control character at: line 1 column 3"),
        ("\ufeff{}", "not JSON: Unexpected UTF-8 BOM"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_what_has_no_one_meaning_is_refused_where_it_stands(text: str, complaint: str) -> None:
    with pytest.raises(DocumentError) as raised:
        document(text.encode())
    assert str(raised.value).startswith(complaint)


def test_text_in_another_encoding_is_refused() -> None:
    for encoding in ("utf-16", "utf-32", "latin-1"):
        with pytest.raises(DocumentError, match="not JSON: 'utf-8' codec"):
            document('{"a": "\xe9"}'.encode(encoding))


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert document(b'["\\ud83d\\ude00"]') == ["\U0001f600"]


@given(st.binary(max_size=100))
def test_any_bytes_are_json_or_refused(data: bytes) -> None:
    try:
        value = document(data)
    except DocumentError:
        return
    json.dumps(value).encode()
