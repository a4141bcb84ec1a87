"""A flow as data: the versioned JSON form that is exported, imported and saved by the editor.

::

    {"version": 1, "name": "Abandoned cart", "active": true,
     "trigger": {"type": "cart_abandoned", "idle": "PT30M", "cutoff": "P4D"},
     "steps": [{"key": "reminder", "delay": "PT0S", "texts": {"en": "..."}}]}

``version`` is the form's. Optional are ``id``, ``offers`` (``flows.offer_form``), ``seasons``
(``flows.season_form``) and, per step, ``channel`` (``sms``), ``kind`` (``marketing``), ``offer`` (``none``,
``small``, ``best``) and ``offer_texts``. Durations are ISO 8601 in whole seconds, texts are by BCP 47 tag
with ``x-formal`` or ``x-informal`` as the only private use. Unknown keys are refused. A definition is
checked whole: every error names its place, such as ``steps[1].delay``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import isodate

from flows.catalogs import BUILT_IN_STEPS
from flows.form_reader import LONGEST, NAME_LIMIT, OUTSIDE, FormReader, duration_form, shown
from flows.language import match_language
from flows.offer_form import DEFAULT, Offers, Rung, dump_offers, read_offers
from flows.placeholders import ALLOWED, OF_OFFERS, has_control_characters
from flows.season_form import Season, check_seasons, dump_season, read_seasons
from flows.text_form import check_offer, read_texts

VERSION = 1
TRIGGERS = ("cart_abandoned",)
CHANNELS = ("sms",)
KINDS = ("marketing", "service")

_STEP_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Trigger:
    """``idle``: quiet time after which a cart counts as abandoned. ``cutoff``: after this long since the
    shopper's last activity nothing more is sent."""

    type: str
    idle: timedelta
    cutoff: timedelta


@dataclass(frozen=True, slots=True)
class Step:
    """One text of a flow. ``delay`` counts from the moment the step before was sent or skipped, for the
    first step from abandonment. ``texts`` are the merchant's own words by BCP 47 tag; for a language
    that is absent the built-in text of ``key`` is used. ``offer`` is the rung of the ladder whose offer the
    step makes, and ``offer_texts`` the merchant's own words for a text that makes it."""

    key: str
    delay: timedelta
    texts: Mapping[str, str] = field(default_factory=dict)
    channel: str = "sms"
    kind: str = "marketing"
    offer: Rung = Rung.NONE
    offer_texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlowDefinition:
    """A checked flow. ``id`` is whatever the exporting side called it."""

    name: str
    active: bool
    trigger: Trigger
    steps: tuple[Step, ...]
    id: str | int | None = None
    offers: Offers = DEFAULT
    seasons: tuple[Season, ...] = ()

    @property
    def makes_offers(self) -> bool:
        """Whether any of its texts makes one, now or in a season."""
        rungs = [step.offer for step in self.steps]
        rungs += [rung for season in self.seasons for rung in season.rungs.values()]
        return any(rung is not Rung.NONE for rung in rungs)


class DefinitionError(ValueError):
    """A definition that is refused; ``errors`` are all its errors, each as ``place: what is wrong``."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


DEFAULT_CART_FLOW = FlowDefinition(
    name="Abandoned cart",
    active=True,
    trigger=Trigger("cart_abandoned", idle=timedelta(minutes=30), cutoff=timedelta(days=4)),
    steps=(
        Step("reminder", timedelta(0)),
        Step("second_call", timedelta(hours=24)),
        Step("last_call", timedelta(hours=24)),
    ),
)


def parse_definition(data: object, store_language: str, platform: str | None = None) -> FlowDefinition:
    """The flow in ``data``, which is JSON already read. Raises DefinitionError with all errors.

    ``store_language`` is the store's locale: a step without a built-in text must speak it. ``platform`` is
    the store's: its ids of goods have a form of their own; without it any text is taken for one.
    """
    reader = _Reader(store_language, platform)
    definition = reader.flow(data)
    if reader.errors:
        raise DefinitionError(tuple(reader.errors))
    return definition


def read_stored(data: dict[str, Any]) -> FlowDefinition:
    """A definition as it was stored. It was checked on its way in and is not checked again: a store that
    changes its language afterwards must not break flows that run."""
    trigger, reader = data["trigger"], FormReader()
    return FlowDefinition(
        name=data["name"],
        active=data["active"],
        trigger=Trigger(
            trigger["type"],
            isodate.parse_duration(trigger["idle"]),
            isodate.parse_duration(trigger["cutoff"]),
        ),
        steps=tuple(_stored_step(step) for step in data["steps"]),
        offers=read_offers(reader, data.get("offers", OUTSIDE)),
        seasons=read_seasons(reader, data.get("seasons", OUTSIDE)),
    )


def _stored_step(step: dict[str, Any]) -> Step:
    read = {"delay": isodate.parse_duration(step["delay"]), "offer": Rung(step.get("offer", Rung.NONE))}
    return Step(**(step | read))


def dump_definition(definition: FlowDefinition) -> dict[str, object]:
    """The JSON form, from which ``parse_definition`` makes an equal definition. What offers and seasons need
    stands in it only where there are any."""
    identity = {} if definition.id is None else {"id": definition.id}
    offers = {} if definition.offers == DEFAULT else {"offers": dump_offers(definition.offers)}
    seasons = (
        {"seasons": [dump_season(season) for season in definition.seasons]} if definition.seasons else {}
    )
    return {
        "version": VERSION,
        **identity,
        "name": definition.name,
        "active": definition.active,
        "trigger": {
            "type": definition.trigger.type,
            "idle": duration_form(definition.trigger.idle),
            "cutoff": duration_form(definition.trigger.cutoff),
        },
        "steps": [_dump_step(step) for step in definition.steps],
        **offers,
        **seasons,
    }


def _dump_step(step: Step) -> dict[str, object]:
    form: dict[str, object] = {
        "key": step.key,
        "delay": duration_form(step.delay),
        "channel": step.channel,
        "kind": step.kind,
        "texts": dict(step.texts),
    }
    if step.offer is not Rung.NONE:
        form["offer"] = step.offer.value
    if step.offer_texts:
        form["offer_texts"] = dict(step.offer_texts)
    return form


class _Reader(FormReader):
    def __init__(self, store_language: str, platform: str | None) -> None:
        super().__init__(platform)
        self.store_language = store_language

    def flow(self, data: object) -> FlowDefinition:
        required = ("version", "name", "active", "trigger", "steps")
        fields = self.record(data, "", required, optional=("id", "offers", "seasons"))
        self._version(fields.get("version", VERSION))
        definition = FlowDefinition(
            name=self.name(fields.get("name", OUTSIDE), "name"),
            active=self.flag(fields.get("active", OUTSIDE), "active"),
            trigger=self._trigger(fields.get("trigger", OUTSIDE)),
            steps=self._steps(fields.get("steps", OUTSIDE)),
            id=self._id(fields.get("id")),
            offers=read_offers(self, fields.get("offers", OUTSIDE)),
            seasons=read_seasons(self, fields.get("seasons", OUTSIDE)),
        )
        self._check_offers(definition)
        return definition

    def _check_offers(self, flow: FlowDefinition) -> None:
        for index, step in enumerate(flow.steps):
            place = f"steps[{index}]"
            texts_place = f"{place}.offer_texts"
            check_offer(self, step.offer, step.offer_texts, flow.offers, f"{place}.offer", texts_place)
        steps = {step.key: (step.offer, step.offer_texts) for step in flow.steps}
        check_seasons(self, flow.seasons, steps, flow.offers)

    def _trigger(self, data: object) -> Trigger:
        fields = self.record(data, "trigger", required=("type", "idle", "cutoff"))
        trigger = Trigger(
            type=self.one_of(fields.get("type", OUTSIDE), TRIGGERS, "trigger.type"),
            idle=self.duration(fields.get("idle", OUTSIDE), "trigger.idle", default=timedelta(0)),
            cutoff=self.duration(fields.get("cutoff", OUTSIDE), "trigger.cutoff", default=LONGEST),
        )
        if trigger.cutoff <= trigger.idle:
            self.error("trigger.cutoff", "must be longer than idle, or no cart would ever get a text")
        return trigger

    def _steps(self, data: object) -> tuple[Step, ...]:
        if data is OUTSIDE:
            return ()
        if not isinstance(data, list) or not data:
            self.error("steps", "must be a list of at least one step")
            return ()
        steps = tuple(self._step(step, f"steps[{index}]") for index, step in enumerate(data))
        seen: dict[str, int] = {}
        for index, step in enumerate(steps):
            if step.key in seen:
                self.error(
                    f"steps[{index}].key", f"{step.key!r} is already the key of steps[{seen[step.key]}]"
                )
            elif step.key:
                seen[step.key] = index
        return steps

    def _step(self, data: object, place: str) -> Step:
        optional = ("channel", "kind", "offer", "offer_texts")
        fields = self.record(data, place, required=("key", "delay", "texts"), optional=optional)
        key = self._key(fields.get("key", OUTSIDE), f"{place}.key")
        return Step(
            key=key,
            delay=self.duration(fields.get("delay", OUTSIDE), f"{place}.delay", default=timedelta(0)),
            texts=self._texts(fields.get("texts", OUTSIDE), f"{place}.texts", key),
            channel=self.one_of(fields.get("channel", CHANNELS[0]), CHANNELS, f"{place}.channel"),
            kind=self.one_of(fields.get("kind", KINDS[0]), KINDS, f"{place}.kind"),
            offer=self._rung(fields.get("offer", Rung.NONE), f"{place}.offer"),
            offer_texts=read_texts(
                self, fields.get("offer_texts", OUTSIDE), f"{place}.offer_texts", OF_OFFERS
            ),
        )

    def _rung(self, data: object, place: str) -> Rung:
        name = self.one_of(data, tuple(Rung), place)
        return Rung(name) if name in tuple(Rung) else Rung.NONE

    def _texts(self, data: object, place: str, key: str) -> Mapping[str, str]:
        texts = read_texts(self, data, place, ALLOWED)
        speaks = match_language(self.store_language, texts) is not None
        if data is not OUTSIDE and key and key not in BUILT_IN_STEPS and not speaks:
            self.error(
                place,
                f"{key!r} has no built-in text: bring one in the store's language, {self.store_language}",
            )
        return texts

    def _version(self, data: object) -> None:
        if type(data) is not int or data != VERSION:
            self.error("version", f"{shown(data)} is not a version that we can read; it must be {VERSION}")

    def _id(self, data: object) -> str | int | None:
        if data is None or type(data) is int:
            return data
        if isinstance(data, str) and 0 < len(data) <= NAME_LIMIT and not has_control_characters(data):
            return data
        self.error("id", "must be a number or a short text")
        return None

    def _key(self, data: object, place: str) -> str:
        if data is OUTSIDE:
            return ""
        if not isinstance(data, str) or not _STEP_KEY.fullmatch(data):
            self.error(place, "must be 1 to 40 of a-z, 0-9 and _, and begin with a letter")
            return ""
        return data
