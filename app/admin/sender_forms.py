"""What a merchant may set about senders, and how a country's state is told. Pure: values in, words out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.admin import formats
from app.models import Store
from flows.senders import (
    Identity,
    Kind,
    NameRule,
    RegistrationState,
    Sender,
    WhyNoName,
    country_problem,
    is_number,
    name_in,
    name_problem,
    name_rule,
    senders_for,
)

NUMBER_ERROR = "Write the number as +15551234567, or a short code of 3 to 8 digits."
LONGEST_NOTE = 200

WHY_NO_NAME = {
    WhyNoName.NONE_SET: "You have set no name.",
    WhyNoName.REFUSED: "This country takes no names as senders.",
    WhyNoName.NOT_REGISTERED: "The name must be registered here first.",
    WhyNoName.ASKED: "The registration of the name is under way.",
    WhyNoName.REGISTRATION_REFUSED: "The registration of the name was refused.",
    WhyNoName.UNFIT: "The name does not have the form that this country asks for.",
}
REGISTRATION_STATES = [
    (RegistrationState.ASKED, "Asked for"),
    (RegistrationState.REGISTERED, "Registered"),
    (RegistrationState.REFUSED, "Refused"),
]


@dataclass(frozen=True)
class SenderForm:
    """Name and number as typed; ``errors`` are by field."""

    sender_name: str
    number: str
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RegistrationForm:
    """One country's registration as typed; no state takes it away."""

    country: str
    name: str
    state: str
    note: str
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CountryLine:
    """How texts to one country are sent, and what is missing for the store's name to stand above them."""

    country: str
    sender: Sender | None
    missing: str | None
    rule: NameRule
    name: str
    state: str
    note: str

    @property
    def told(self) -> str:
        if self.sender is None:
            return "No sender: texts are held."
        words = {Kind.NAME: "As {}.", Kind.NUMBER: "From {}.", Kind.POOL: "From the account's own numbers."}
        return words[self.sender.kind].format(self.sender.value)


def stored(store: Store) -> SenderForm:
    return SenderForm(store.sender_name or "", store.sender or "")


def read(form: Mapping[str, str]) -> SenderForm:
    """The form as it was sent; blank means none."""
    name, number = form.get("sender_name", "").strip(), form.get("number", "").strip()
    errors = {}
    if name and (problem := name_problem(name)):
        errors["sender_name"] = f"The name {problem}."
    if number and not is_number(number):
        errors["number"] = NUMBER_ERROR
    return SenderForm(name, number, errors)


def read_registration(form: Mapping[str, str], offered: frozenset[str]) -> RegistrationForm:
    """The form as it was sent, for one of the countries ``offered``."""
    country, name = form.get("country", ""), form.get("name", "").strip()
    state, note = form.get("state", ""), form.get("note", "").strip()
    typed = RegistrationForm(country, name, state, note)
    return replace(typed, errors=_registration_errors(typed, offered))


def _registration_errors(typed: RegistrationForm, offered: frozenset[str]) -> dict[str, str]:
    """By field; the fields of a country carry its code, for a page shows many of them."""
    if typed.country not in offered:
        return {"country": "Choose one of the countries on this page."}
    if not typed.state:
        return {}
    errors = {}
    problem = name_problem(typed.name) or country_problem(typed.name, name_rule(typed.country))
    if problem:
        errors[f"name-{typed.country}"] = f"{formats.country(typed.country)}: the name {problem}."
    if typed.state not in tuple(RegistrationState):
        errors[f"state-{typed.country}"] = "Choose how far the registration is."
    if len(typed.note) > LONGEST_NOTE:
        errors[f"note-{typed.country}"] = (
            f"The note has {len(typed.note)} characters, at most {LONGEST_NOTE}."
        )
    return errors


def country_line(identity: Identity, country: str, note: str, typed: RegistrationForm | None) -> CountryLine:
    """``typed``: a registration that was refused is shown as it was typed."""
    name, registration = name_in(identity, country), identity.registrations.get(country)
    shown = typed if typed is not None and typed.country == country else None
    wanted = senders_for(identity, country)
    return CountryLine(
        country=country,
        sender=wanted[0] if wanted else None,
        missing=WHY_NO_NAME[name] if isinstance(name, WhyNoName) else None,
        rule=name_rule(country),
        name=shown.name if shown else registration.name if registration else identity.name or "",
        state=shown.state if shown else registration.state.value if registration else "",
        note=shown.note if shown else note,
    )
