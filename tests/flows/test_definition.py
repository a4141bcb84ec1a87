"""A flow's JSON form: read strictly, written back the same."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.definition import (
    CHANNELS,
    DEFAULT_CART_FLOW,
    KINDS,
    LONGEST,
    DefinitionError,
    FlowDefinition,
    Step,
    Trigger,
    dump_definition,
    parse_definition,
)

DOCUMENTED: dict[str, Any] = {
    "version": 1,
    "name": "Abandoned cart",
    "active": True,
    "trigger": {"type": "cart_abandoned", "idle": "PT30M", "cutoff": "P4D"},
    "steps": [
        {"key": "reminder", "delay": "PT0S", "texts": {}},
        {"key": "second_call", "delay": "PT24H", "texts": {}},
        {"key": "last_call", "delay": "PT24H", "texts": {}},
    ],
}


def changed(place: str, value: object) -> dict[str, Any]:
    """The documented flow with one value replaced; ``place`` is dotted, list indexes are numbers."""
    data = copy.deepcopy(DOCUMENTED)
    *path, last = [int(part) if part.isdigit() else part for part in place.split(".")]
    target: Any = data
    for part in path:
        target = target[part]
    target[last] = value
    return data


def errors(data: object, store_language: str = "en") -> tuple[str, ...]:
    with pytest.raises(DefinitionError) as refused:
        parse_definition(data, store_language)
    assert str(refused.value) == "; ".join(refused.value.errors)
    return refused.value.errors


def test_the_default_flow_is_the_documented_one() -> None:
    assert parse_definition(DOCUMENTED, "en") == DEFAULT_CART_FLOW


def test_what_may_be_left_out_has_its_default() -> None:
    step = parse_definition(DOCUMENTED, "en").steps[0]
    assert (step.channel, step.kind) == ("sms", "marketing")
    assert parse_definition(DOCUMENTED, "en").id is None


def test_what_may_be_added_is_kept() -> None:
    data = changed("steps.0", {"key": "thanks", "delay": "PT0S", "kind": "service", "channel": "sms"})
    data["steps"][0]["texts"] = {"en": "Thank you! {link}"}
    data["id"] = 7
    definition = parse_definition(data, "en-GB")
    assert (definition.id, definition.steps[0].kind) == (7, "service")


def test_all_errors_are_told_at_once_each_with_its_place() -> None:
    data = changed("steps.1", {"key": "Second call", "delay": "1 day", "texts": {"en": "No way"}, "at": 1})
    data |= {"version": 2, "name": "", "active": "yes", "colour": "red"}
    data["trigger"] = {"type": "moon", "idle": "-PT1M"}
    assert [error.split(": ")[0] for error in errors(data)] == [
        "colour",
        "version",
        "name",
        "active",
        "trigger.cutoff",
        "trigger.type",
        "trigger.idle",
        "steps[1].at",
        "steps[1].key",
        "steps[1].delay",
        "steps[1].texts.en",
    ]


@pytest.mark.parametrize(
    ("place", "value", "error"),
    [
        ("version", 2, "version: 2 is not a version that we can read; it must be 1"),
        ("version", True, "version: True is not a version that we can read; it must be 1"),
        ("name", "   ", "name: must be a name of 1 to 100 characters"),
        ("name", "a\nb", "name: contains a control character"),
        ("name", 5, "name: must be a name of 1 to 100 characters"),
        ("active", 1, "active: must be true or false"),
        ("id", "", "id: must be a number or a short text"),
        ("id", [1], "id: must be a number or a short text"),
        ("trigger", "cart_abandoned", "trigger: must be an object"),
        ("trigger.type", "order_paid", "trigger.type: 'order_paid' is not known; possible: cart_abandoned"),
        (
            "trigger.cutoff",
            "PT10M",
            "trigger.cutoff: must be longer than idle, or no cart would ever get a text",
        ),
        ("steps", [], "steps: must be a list of at least one step"),
        ("steps", {}, "steps: must be a list of at least one step"),
        ("steps.0", "reminder", "steps[0]: must be an object"),
        ("steps.1.key", "reminder", "steps[1].key: 'reminder' is already the key of steps[0]"),
        ("steps.0.key", "a:b", "steps[0].key: must be 1 to 40 of a-z, 0-9 and _, and begin with a letter"),
        ("steps.0.channel", "pigeon", "steps[0].channel: 'pigeon' is not known; possible: sms"),
        ("steps.0.kind", None, "steps[0].kind: None is not known; possible: marketing, service"),
        ("steps.0.texts", ["en"], "steps[0].texts: must be an object"),
        ("steps.0.texts", {"en": 5}, "steps[0].texts.en: must be a text"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(place: str, value: object, error: str) -> None:
    assert error in errors(changed(place, value))


@pytest.mark.parametrize("data", [None, [], "flow", 1])
def test_what_is_no_object_is_no_flow(data: object) -> None:
    assert errors(data) == ("flow: must be an object",)


@pytest.mark.parametrize("key", ["version", "name", "active", "trigger", "steps"])
def test_nothing_required_may_be_missing(key: str) -> None:
    data = {name: value for name, value in DOCUMENTED.items() if name != key}
    assert errors(data) == (f"{key}: is missing",)


@pytest.mark.parametrize(
    ("duration", "problem"),
    [
        ("P1Y", "years and months have no fixed length: write days, such as P30D"),
        ("P2M", "years and months have no fixed length: write days, such as P30D"),
        ("-PT5M", "must not be negative"),
        ("P91D", "must not be longer than 90 days"),
        ("P99999999999D", "must not be longer than 90 days"),
        ("PT0.5S", "must be in whole seconds"),
        ("24h", "'24h' is no ISO 8601 duration such as PT30M, PT24H or P4D"),
        ("PT", "'PT' is no ISO 8601 duration such as PT30M, PT24H or P4D"),
        ("P1DT", "'P1DT' is no ISO 8601 duration such as PT30M, PT24H or P4D"),
        ("", "'' is no ISO 8601 duration such as PT30M, PT24H or P4D"),
        (30, "30 is no ISO 8601 duration such as PT30M, PT24H or P4D"),
        (None, "None is no ISO 8601 duration such as PT30M, PT24H or P4D"),
    ],
)
def test_only_lengths_of_time_count_as_durations(duration: object, problem: str) -> None:
    assert errors(changed("steps.1.delay", duration)) == (f"steps[1].delay: {problem}",)


def test_idle_and_the_first_delay_may_be_nothing() -> None:
    assert parse_definition(changed("trigger.idle", "PT0S"), "en").trigger.idle == timedelta(0)


@pytest.mark.parametrize("tag", ["english", "en_GB", "", "x-formal", "und", "zz", "en-", "de-x-loud"])
def test_a_text_needs_a_language_tag(tag: str) -> None:
    (error,) = errors(changed("steps.0.texts", {tag: "{link}"}))
    assert error.startswith(f"steps[0].texts.{tag}: ")


def test_tags_are_kept_in_their_usual_spelling() -> None:
    texts = {"EN-gb": "{link}", "de-X-Formal": "{link}", "zh-hant": "{link}"}
    step = parse_definition(changed("steps.0.texts", texts), "en").steps[0]
    assert set(step.texts) == {"en-GB", "de-x-formal", "zh-Hant"}


def test_one_language_cannot_have_two_texts() -> None:
    texts = {"en-GB": "{link}", "EN-gb": "{link}"}
    assert errors(changed("steps.0.texts", texts)) == (
        "steps[0].texts.EN-gb: there is already a text for en-GB",
    )


def test_a_step_of_the_merchants_own_must_speak_the_stores_language() -> None:
    own = changed("steps.0", {"key": "hello", "delay": "PT0S", "texts": {"en": "Hello {link}"}})
    assert parse_definition(own, "en-GB").steps[0].key == "hello"
    assert errors(own, "sl-SI") == (
        "steps[0].texts: 'hello' has no built-in text: bring one in the store's language, sl-SI",
    )


def test_a_long_wrong_value_is_not_repeated_whole() -> None:
    (error,) = errors(changed("steps.0.delay", "P" * 100_000))
    assert len(error) < 200


durations = st.integers(0, int(LONGEST.total_seconds()) - 1).map(lambda seconds: timedelta(seconds=seconds))
plain = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="{}"), max_size=40)
texts = st.dictionaries(
    st.sampled_from(["en", "en-GB", "de-x-formal", "sl", "pt-BR"]),
    plain.map(lambda words: f"{words} {{link}}"),
)
steps = st.builds(
    Step,
    key=st.sampled_from(["reminder", "second_call", "last_call"]),
    delay=durations,
    texts=texts,
    channel=st.sampled_from(CHANNELS),
    kind=st.sampled_from(KINDS),
)
definitions = st.builds(
    FlowDefinition,
    name=plain.filter(str.strip),
    active=st.booleans(),
    trigger=durations.map(lambda idle: Trigger("cart_abandoned", idle, LONGEST)),
    steps=st.lists(steps, min_size=1, max_size=3, unique_by=lambda step: step.key).map(tuple),
    id=st.none() | st.integers() | st.just("abc"),
)


@given(definitions)
def test_a_flow_that_is_exported_comes_back_the_same(definition: FlowDefinition) -> None:
    exported = json.loads(json.dumps(dump_definition(definition)))
    assert parse_definition(exported, "en") == definition
    assert "P0D" not in {step["delay"] for step in exported["steps"]}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from(["version", "name", "trigger", "trigger.idle", "steps", "steps.0", "steps.0.texts"]),
    anything,
)
def test_whatever_stands_there_is_read_or_refused(place: str, value: object) -> None:
    try:
        definition = parse_definition(changed(place, value), "en")
    except DefinitionError as refused:
        assert refused.errors
    else:
        assert parse_definition(dump_definition(definition), "en") == definition
