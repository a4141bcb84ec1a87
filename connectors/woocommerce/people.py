"""Who a person is: phones as typed made comparable, and the question whether two are the same."""

from __future__ import annotations

import re

import phonenumbers

from connectors.events import Shopper


def phone_forms(typed: str, country: str | None) -> tuple[str, ...]:
    """The digits by which a typed number may be known: international first, then as typed.

    ``(512) 555-0100`` with country US gives ``15125550100`` and ``5125550100``.
    """
    forms = []
    try:
        parsed = phonenumbers.parse(typed, country)
        forms.append(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:])
    except phonenumbers.NumberParseException:
        pass  # not a number in that country: its plain digits are all that can be compared
    forms.append("".join(re.findall(r"[0-9]", typed)))
    return tuple(dict.fromkeys(form for form in forms if form))


def _phones(shopper: Shopper) -> set[str]:
    forms = [phone_forms(typed, shopper.country) for typed in shopper.phones]
    return {form[0] for form in forms if form}


def same_person(one: Shopper, other: Shopper) -> bool:
    """Whether phone, e-mail or the store's customer id is shared."""
    if one.customer_id is not None and one.customer_id == other.customer_id:
        return True
    if one.email and other.email and one.email.casefold() == other.email.casefold():
        return True
    return bool(_phones(one) & _phones(other))
