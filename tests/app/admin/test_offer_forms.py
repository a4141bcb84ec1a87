"""Offers as they are typed: whatever a flow may say of them is printed, and read back the same."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from app.admin import offer_forms
from flows.definition import DEFAULT_CART_FLOW, parse_definition
from flows.offer_form import Offers
from flows.own_offers import with_offers
from tests.flows.test_offer_form import ladders


@given(ladders)
def test_offers_that_are_printed_come_back_the_same(offers: Offers) -> None:
    flow = replace(DEFAULT_CART_FLOW, offers=offers)
    codes = offer_forms.currencies(offers, (), "EUR", ())
    typed = offer_forms.stored(flow, codes)
    form = with_offers(flow, offer_forms.as_json(typed), typed.rungs)
    assert parse_definition(form, "en") == flow
    assert offer_forms.judged(typed, (), flow).errors == {}
