"""Templates: plain names in braces, and nothing that reaches further."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.placeholders import ALLOWED, TemplateError, fill, parse, placeholders, problems


def test_values_are_put_in_as_they_are() -> None:
    filled = fill(parse("{store}: {product}"), {"store": "{product}", "product": "{0.__class__}"})
    assert filled == "{product}: {0.__class__}"


def test_doubled_braces_are_braces() -> None:
    assert fill(parse("{{store}} {store}"), {"store": "Kamra"}) == "{store} Kamra"


@pytest.mark.parametrize(
    "template",
    ["{store.name}", "{store[0]}", "{store!r}", "{store:>9}", "{}", "{0}", "{", "}", "{store", "{a b}"],
)
def test_what_a_format_string_could_do_besides_is_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        parse(template)


def test_a_placeholder_without_a_value_is_named() -> None:
    with pytest.raises(TemplateError, match="{total}"):
        fill(parse("{store} {total}"), {"store": "Kamra"})


@given(st.dictionaries(st.sampled_from(ALLOWED), st.text(), min_size=len(ALLOWED)))
def test_no_value_is_ever_read_as_a_template(values: dict[str, str]) -> None:
    template = "|".join(f"{{{name}}}" for name in ALLOWED)
    assert fill(parse(template), values) == "|".join(values[name] for name in ALLOWED)


@given(st.text())
def test_any_text_is_either_a_template_or_refused_with_a_reason(template: str) -> None:
    try:
        placeholders(template)
    except TemplateError as error:
        assert str(error) in problems(template)


@pytest.mark.parametrize(
    "text",
    [
        "Hi {first_name}, {product} waits: {link}",
        "{link}",
        "See {link}.",
        "(see {link})",
        "{store}\n{link}\n{count} for {total}",
        "こちら：{link}",
        "a {{brace}} {link}",
    ],
)
def test_a_good_text_has_no_problems(text: str) -> None:
    assert problems(text) == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Come back!", "{link} must stand there once, it stands there 0 times"),
        ("{link} or {link}", "{link} must stand there once, it stands there 2 times"),
        ("{link} {discount}", "{discount} is no placeholder"),
        ("{link} {store", "a brace has no partner"),
        ("{link} {store.name}", "a placeholder is a plain name"),
        ("here{link}", "{link} needs a space"),
        ("{link}{store}", "{link} needs a space"),
        ("{link}.{store}", "{link} needs a space"),
        ("{product}{link}", "{link} needs a space"),
        ("{{{link}}}", "{link} needs a space"),
        ("{link} \x00", "contains a control character"),
        ("{link} \ud800", "contains a control character"),
        ("{link} " + "a" * 1000, "has 1007 characters"),
    ],
)
def test_a_bad_text_is_told_what_is_wrong(text: str, problem: str) -> None:
    assert [found for found in problems(text) if found.startswith(problem)]


def test_all_problems_of_a_text_are_told_at_once() -> None:
    assert len(problems("{discount} {name}\x07")) == 4
