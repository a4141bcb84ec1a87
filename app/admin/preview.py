"""How a flow's texts look on a phone, with a sample cart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.admin.formats import is_right_to_left, language
from app.models import Store
from flows import catalogs, compose
from flows.compose import Composed, Note, OfferText
from flows.definition import FlowDefinition, Step
from flows.language import Wishes, match_language
from flows.offer_days import ends
from flows.offer_form import Concession, Offers
from flows.sample_text import USUAL, SampleCart, compose_sample, longest, offer_text
from flows.segments import Encoding, offending_characters

ROOM = {Encoding.GSM7: 160, Encoding.UCS2: 70}
"""Units that fit one segment."""

NOTES = {
    Note.PRODUCT_SHORTENED: "Long product names are shortened so that the text stays short.",
    Note.PRODUCT_NOT_NAMED: "The product is not named.",
    Note.NAME_LEFT_OUT: "Without a first name, the greeting does without it.",
    Note.MARKS_LEFT_OUT: "Letters have lost their marks: so the text takes fewer segments.",
    Note.CUSTOM_UNUSABLE: "One of your texts asks for something that is not known of this cart.",
    Note.FOOTER_IN_OTHER_LANGUAGE: "The way to stop is in another language: it has no words in this one yet.",
}


@dataclass(frozen=True)
class Preview:
    """One step as a shopper of the chosen language would get it.

    ``after`` is the time since the shopper's last activity. ``text`` is None where the step has no
    words that fit. ``offering`` is the same step with the offer that it makes, None where it makes none.
    """

    number: int
    step: Step
    after: timedelta
    text: Composed | None
    offering: Preview | None = None

    @property
    def is_own(self) -> bool:
        """Whether the words are the merchant's."""
        return self.text is not None and self.text.used is compose.Source.CUSTOM

    @property
    def costly(self) -> tuple[str, ...]:
        """The characters for whose sake the text travels in UCS-2."""
        if self.text is None or self.text.measure.encoding is not Encoding.UCS2:
            return ()
        return offending_characters(self.text.body)

    @property
    def room(self) -> int:
        """The units that one segment of this text's alphabet holds."""
        return ROOM[self.text.measure.encoding] if self.text else 0

    @property
    def direction(self) -> str:
        """In which direction the text is read."""
        return "rtl" if self.text and is_right_to_left(self.text.language) else "ltr"

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(NOTES[note] for note in self.text.notes) if self.text else ()


def languages(definition: FlowDefinition) -> list[str]:
    """The languages in which a step of the flow has words, ours or the merchant's, by their names."""
    said = (tag for step in definition.steps for tag in (*step.texts, *step.offer_texts, *_built_in(step)))
    return sorted(set(said), key=language)


def choose(wish: str, offered: list[str], store_language: str) -> str:
    """The language to show: the wish, else the store's, else English, else any."""
    if wish in offered:
        return wish
    usual = match_language(store_language, tuple(offered)) or match_language("en", tuple(offered))
    return usual or offered[0]


def previews(
    definition: FlowDefinition, store: Store, tag: str, public_url: str, now: datetime
) -> list[Preview]:
    """All steps as a shopper whose checkout speaks the language ``tag`` gets them, offers made ``now``."""
    after, shown = definition.trigger.idle, []
    for number, step in enumerate(definition.steps, 1):
        after += step.delay
        text = _text(step, store, tag, public_url)
        offer = sample_offer(definition.offers, definition.offers.concession(step.offer), store, now)
        said = _text(step, store, tag, public_url, offer=offer) if offer else None
        offering = Preview(number, step, after, said) if offer else None
        shown.append(Preview(number, step, after, text, offering))
    return shown


def sample_offer(
    offers: Offers, concession: Concession | None, store: Store, now: datetime
) -> OfferText | None:
    """What a text that goes ``now`` tells of its offer; None: it names no sum in the store's currency."""
    last_day, _ = ends(now, offers.lasts, [store.timezone], None)
    return offer_text(concession, store.currency, last_day)


@dataclass(frozen=True)
class Trial:
    """Words that are not saved yet, as they would arrive: with a sample cart, and with long names."""

    title: str
    shown: Preview


def trials(
    step: Step, store: Store, tag: str, public_url: str, offer: OfferText | None = None
) -> tuple[Trial, ...]:
    """The step's text twice, with what it offers: with usual values, and with the longest that are likely."""
    usual = _text(step, store, tag, public_url, offer=offer)
    at_worst = _text(step, store, tag, public_url, longest(tag), offer)
    named = (("With a usual cart", usual), ("With long names and a letter that costs", at_worst))
    return tuple(Trial(title, Preview(0, step, timedelta(0), text)) for title, text in named)


def _text(
    step: Step,
    store: Store,
    tag: str,
    public_url: str,
    cart: SampleCart = USUAL,
    offer: OfferText | None = None,
) -> Composed | None:
    wishes = Wishes(checkout_locale=tag, store_locale=store.locale, formality=store.formality)
    return compose_sample(step, store, wishes, public_url, cart=cart, offer=offer)


def _built_in(step: Step) -> tuple[str, ...]:
    if step.key not in catalogs.BUILT_IN_STEPS:
        return ()
    return catalogs.languages_with(f"sms.{step.key}")
