"""What a merchant writes on the screen of a text: which words, when, and what is said without them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.admin import story
from app.models import Flow
from flows import catalogs
from flows.definition import FlowDefinition, Step
from flows.offer_form import Concession, Rung
from flows.own_texts import Spot
from flows.placeholders import ALLOWED, OF_OFFERS
from flows.season_form import Season
from flows.seasons import NAMES
from flows.text_form import Texts

TEXTS, OFFER_TEXTS = "texts", "offer_texts"
OFFER = "offer"
"""The value of ``of`` in an address: the words of the text's offer, and not those of the text."""


@dataclass(frozen=True)
class Subject:
    """One step's words in one of a flow's places. ``concession`` is the offer that these words tell of."""

    flow: Flow
    definition: FlowDefinition
    step: Step
    spot: Spot
    season: Season | None
    concession: Concession | None

    @property
    def number(self) -> int:
        return self.definition.steps.index(self.step) + 1

    @property
    def title(self) -> str:
        what = f"Text {self.number}: {story.step(self.step.key)}"
        what += ", with its offer" if self.concession else ""
        return f"{what}, {NAMES[self.season.key]}" if self.season else what

    @property
    def query(self) -> Mapping[str, str]:
        """What an address needs beside the flow and the step."""
        of = {"of": OFFER} if self.spot.kind == OFFER_TEXTS else {}
        return of if self.spot.season is None else {**of, "season": str(self.spot.season)}

    @property
    def placeholders(self) -> tuple[str, ...]:
        return OF_OFFERS if self.spot.kind == OFFER_TEXTS else ALLOWED

    @property
    def own(self) -> Texts:
        """The merchant's words here, by language."""
        if self.season is None:
            return self._of_flow
        of_steps: Mapping[str, Texts] = getattr(self.season, self.spot.kind)
        return of_steps.get(self.step.key, {})

    @property
    def _of_flow(self) -> Texts:
        texts: Texts = getattr(self.step, self.spot.kind)
        return texts

    @property
    def place(self) -> str:
        """Where these words stand in the flow's JSON form."""
        if self.spot.season is None:
            return f"steps[{self.number - 1}].{self.spot.kind}"
        return f"seasons[{self.spot.season}].{self.spot.kind}.{self.step.key}"

    def without_own(self, tag: str) -> str:
        """What is said in a language where the merchant has no words here; nothing if there is nothing."""
        usual = self._of_flow.get(tag, "") if self.season is not None else ""
        return usual or self._built_in(tag)

    def words(self, tag: str) -> str:
        return self.own.get(tag) or self.without_own(tag)

    def saying(self, tag: str, words: str) -> Step:
        """The step with these words, to be looked at."""
        changed: dict[str, Any] = {self.spot.kind: {tag: words}} if words else {}
        return replace(self.step, **changed)

    def _built_in(self, tag: str) -> str:
        key = f"sms.{self.step.key}"
        if self.concession is not None:
            key = f"sms.{OFFER}" if self.concession.kind != "free_shipping" else f"sms.{OFFER}.shipping"
        elif self.step.key not in catalogs.BUILT_IN_STEPS:
            return ""
        return catalogs.template(key, tag) if tag in catalogs.languages_with(key) else ""


def find(flow: Flow, definition: FlowDefinition, step_key: str, season: str, of: str) -> Subject | None:
    """What an address names; ``season`` is a place in the flow's list, or empty. None: there is none."""
    step = next((step for step in definition.steps if step.key == step_key), None)
    if step is None or of not in ("", OFFER) or not _is_place(season, len(definition.seasons)):
        return None
    chosen = definition.seasons[int(season)] if season else None
    rung = step.offer if chosen is None else chosen.rungs.get(step.key, step.offer)
    offers = definition.offers if chosen is None else chosen.ladder(definition.offers)
    if of == OFFER and rung is Rung.NONE:
        return None
    spot = Spot(step_key, OFFER_TEXTS if of else TEXTS, int(season) if season else None)
    return Subject(flow, definition, step, spot, chosen, offers.concession(rung) if of else None)


def _is_place(season: str, count: int) -> bool:
    return not season or (season.isascii() and season.isdigit() and len(season) < 5 and int(season) < count)
