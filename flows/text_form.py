"""A merchant's own words as a part of a flow's JSON form: by language, and what words of an offer say."""

from __future__ import annotations

from collections.abc import Mapping

import langcodes

from connectors.discounts import DiscountKind
from flows.form_reader import FormReader
from flows.language import FORMALITIES
from flows.offer_form import Concession, Offers, Rung
from flows.placeholders import OF_OFFERS, placeholders, problems

Texts = Mapping[str, str]


def read_texts(reader: FormReader, data: object, place: str, allowed: tuple[str, ...]) -> Texts:
    """Texts by BCP 47 tag, with these placeholders."""
    texts: dict[str, str] = {}
    for name, text in reader.entries(data, place).items():
        tag = _tag(reader, name, f"{place}.{name}")
        if tag in texts:
            reader.error(f"{place}.{name}", f"there is already a text for {tag}")
        if not isinstance(text, str):
            reader.error(f"{place}.{name}", "must be a text")
            continue
        for problem in problems(text, allowed):
            reader.error(f"{place}.{name}", problem)
        texts[tag] = text
    return texts


def check_offer(
    reader: FormReader, rung: Rung, offer_texts: Texts, offers: Offers, place: str, texts_place: str
) -> None:
    """Whether the ladder has the rung of a step, and whether the step's words tell of what it gives."""
    concession = offers.concession(rung)
    if rung is Rung.NONE:
        if offer_texts:
            reader.error(texts_place, "are for a step with an offer")
    elif concession is None:
        reader.error(place, f"the ladder in offers has no {rung}")
    else:
        for tag, text in offer_texts.items():
            _tells(reader, text, concession, f"{texts_place}.{tag}")


def _tells(reader: FormReader, text: str, concession: Concession, place: str) -> None:
    if problems(text, OF_OFFERS):
        return
    told, due = "discount" in placeholders(text), concession.kind is not DiscountKind.FREE_SHIPPING
    if due and not told:
        reader.error(place, "must say {discount}: a guard rail may have lowered it")
    elif told and not due:
        reader.error(place, "free shipping has no {discount}: say it in words")


def _tag(reader: FormReader, name: str, place: str) -> str:
    public, _, private = name.lower().partition("-x-")
    language = public.partition("-")[0]
    if "_" in name or not langcodes.tag_is_valid(public) or language in ("und", "mul", "x"):
        reader.error(place, f"{name!r} is no BCP 47 language tag such as en, pt-BR or de-x-formal")
        return name
    if private and private not in FORMALITIES:
        reader.error(place, f"of private-use tags only x-formal and x-informal are known, not x-{private}")
    return langcodes.standardize_tag(public) + (f"-x-{private}" if private else "")
