"""Whatever a body holds, reading it never raises and yields nothing that cannot be stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.events import Event
from connectors.shopify import webhooks
from connectors.shopify.events import COMPLIANCE_TOPICS, TOPICS, events
from tests.connectors.shopify.deliveries import (
    FILES,
    RECEIVED_AT,
    headers,
    topic_of,
)


def read(topic: str, body: bytes) -> Sequence[Event]:
    return events(topic, body, RECEIVED_AT)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(
        ["example string", "2019-01-01 00:00:00.000Z", "0001-01-01T00:00:00+14:00", "1e400", "\x00"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
READ_FILES = [file for file in FILES if topic_of(file) in {**TOPICS, **COMPLIANCE_TOPICS}]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, entry in inner for deeper in places(entry, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


@settings(max_examples=150)
@given(data=st.data())
def test_no_payload_with_a_strange_value_anywhere_raises(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(READ_FILES))
    topic, body = topic_of(file), json.loads(file.read_bytes())
    path = data.draw(st.sampled_from(places(body)))
    mutated = json.dumps(replaced(body, path, data.draw(JSON))).encode()
    for found in (*read(topic, mutated), webhooks.read(headers(topic, mutated), mutated)):
        assert "\\x00" not in repr(found)
        repr(found).encode("utf-8")


@given(topic=st.sampled_from(sorted({**TOPICS, **COMPLIANCE_TOPICS})), body=JSON)
def test_no_json_at_all_raises(topic: str, body: Any) -> None:
    written = json.dumps(body).encode()
    read(topic, written)
    assert webhooks.read(headers(topic, written), written).topic == topic
