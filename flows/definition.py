"""A flow as data: the versioned JSON form that is exported, imported and saved by the editor.

::

    {"version": 1, "name": "Abandoned cart", "active": true,
     "trigger": {"type": "cart_abandoned", "idle": "PT30M", "cutoff": "P4D"},
     "steps": [{"key": "reminder", "delay": "PT0S", "texts": {"en": "..."}}]}

``version`` is the form's. Optional are ``id`` and, per step, ``channel`` (``sms``) and ``kind``
(``marketing``). Durations are ISO 8601 in whole seconds, texts are by BCP 47 tag with ``x-formal`` or
``x-informal`` as the only private use. Unknown keys are refused. A definition is checked whole: every
error names its place, such as ``steps[1].delay``.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import isodate
import langcodes

from flows.catalogs import BUILT_IN_STEPS
from flows.language import FORMALITIES, match_language
from flows.placeholders import has_control_characters, problems

VERSION = 1
TRIGGERS = ("cart_abandoned",)
CHANNELS = ("sms",)
KINDS = ("marketing", "service")
LONGEST = timedelta(days=90)
NAME_LIMIT = 100

_STEP_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_OUTSIDE = object()


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
    that is absent the built-in text of ``key`` is used."""

    key: str
    delay: timedelta
    texts: Mapping[str, str] = field(default_factory=dict)
    channel: str = "sms"
    kind: str = "marketing"


@dataclass(frozen=True, slots=True)
class FlowDefinition:
    """A checked flow. ``id`` is whatever the exporting side called it."""

    name: str
    active: bool
    trigger: Trigger
    steps: tuple[Step, ...]
    id: str | int | None = None


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


def parse_definition(data: object, store_language: str) -> FlowDefinition:
    """The flow in ``data``, which is JSON already read. Raises DefinitionError with all errors.

    ``store_language`` is the store's locale: a step without a built-in text must speak it.
    """
    reader = _Reader(store_language)
    definition = reader.flow(data)
    if reader.errors:
        raise DefinitionError(tuple(reader.errors))
    return definition


def dump_definition(definition: FlowDefinition) -> dict[str, object]:
    """The JSON form, from which ``parse_definition`` makes an equal definition."""
    identity = {} if definition.id is None else {"id": definition.id}
    return {
        "version": VERSION,
        **identity,
        "name": definition.name,
        "active": definition.active,
        "trigger": {
            "type": definition.trigger.type,
            "idle": _duration(definition.trigger.idle),
            "cutoff": _duration(definition.trigger.cutoff),
        },
        "steps": [
            {
                "key": step.key,
                "delay": _duration(step.delay),
                "channel": step.channel,
                "kind": step.kind,
                "texts": dict(step.texts),
            }
            for step in definition.steps
        ],
    }


def _duration(length: timedelta) -> str:
    """In ISO 8601; none at all as in the documents, where the library says P0D."""
    return str(isodate.duration_isoformat(length)) if length else "PT0S"


class _Reader:
    """Reads on after an error, with a stand-in for what was wrong, so that all errors are told at once."""

    def __init__(self, store_language: str) -> None:
        self.store_language = store_language
        self.errors: list[str] = []

    def flow(self, data: object) -> FlowDefinition:
        fields = self._object(
            data, "", required=("version", "name", "active", "trigger", "steps"), optional=("id",)
        )
        self._version(fields.get("version", VERSION))
        return FlowDefinition(
            name=self._name(fields.get("name", _OUTSIDE)),
            active=self._flag(fields.get("active", _OUTSIDE), "active"),
            trigger=self._trigger(fields.get("trigger", _OUTSIDE)),
            steps=self._steps(fields.get("steps", _OUTSIDE)),
            id=self._id(fields.get("id")),
        )

    def _trigger(self, data: object) -> Trigger:
        fields = self._object(data, "trigger", required=("type", "idle", "cutoff"))
        trigger = Trigger(
            type=self._one_of(fields.get("type", _OUTSIDE), TRIGGERS, "trigger.type"),
            idle=self._duration(fields.get("idle", _OUTSIDE), "trigger.idle", default=timedelta(0)),
            cutoff=self._duration(fields.get("cutoff", _OUTSIDE), "trigger.cutoff", default=LONGEST),
        )
        if trigger.cutoff <= trigger.idle:
            self._error("trigger.cutoff", "must be longer than idle, or no cart would ever get a text")
        return trigger

    def _steps(self, data: object) -> tuple[Step, ...]:
        if data is _OUTSIDE:
            return ()
        if not isinstance(data, list) or not data:
            self._error("steps", "must be a list of at least one step")
            return ()
        steps = tuple(self._step(step, f"steps[{index}]") for index, step in enumerate(data))
        seen: dict[str, int] = {}
        for index, step in enumerate(steps):
            if step.key in seen:
                self._error(
                    f"steps[{index}].key", f"{step.key!r} is already the key of steps[{seen[step.key]}]"
                )
            elif step.key:
                seen[step.key] = index
        return steps

    def _step(self, data: object, place: str) -> Step:
        fields = self._object(data, place, required=("key", "delay", "texts"), optional=("channel", "kind"))
        key = self._key(fields.get("key", _OUTSIDE), f"{place}.key")
        return Step(
            key=key,
            delay=self._duration(fields.get("delay", _OUTSIDE), f"{place}.delay", default=timedelta(0)),
            texts=self._texts(fields.get("texts", _OUTSIDE), f"{place}.texts", key),
            channel=self._one_of(fields.get("channel", CHANNELS[0]), CHANNELS, f"{place}.channel"),
            kind=self._one_of(fields.get("kind", KINDS[0]), KINDS, f"{place}.kind"),
        )

    def _texts(self, data: object, place: str, key: str) -> Mapping[str, str]:
        texts: dict[str, str] = {}
        if data is _OUTSIDE:
            return texts
        for name, text in self._any_object(data, place).items():
            tag = self._tag(name, f"{place}.{name}")
            if tag in texts:
                self._error(f"{place}.{name}", f"there is already a text for {tag}")
            if not isinstance(text, str):
                self._error(f"{place}.{name}", "must be a text")
                continue
            for problem in problems(text):
                self._error(f"{place}.{name}", problem)
            texts[tag] = text
        if key and key not in BUILT_IN_STEPS and match_language(self.store_language, texts) is None:
            self._error(
                place,
                f"{key!r} has no built-in text: bring one in the store's language, {self.store_language}",
            )
        return texts

    def _tag(self, name: str, place: str) -> str:
        public, _, private = name.lower().partition("-x-")
        language = public.partition("-")[0]
        if "_" in name or not langcodes.tag_is_valid(public) or language in ("und", "mul", "x"):
            self._error(place, f"{name!r} is no BCP 47 language tag such as en, pt-BR or de-x-formal")
            return name
        if private and private not in FORMALITIES:
            self._error(place, f"of private-use tags only x-formal and x-informal are known, not x-{private}")
        return langcodes.standardize_tag(public) + (f"-x-{private}" if private else "")

    def _duration(self, data: object, place: str, default: timedelta) -> timedelta:
        if data is _OUTSIDE:
            return default
        try:
            return _read_duration(data)
        except ValueError as error:
            self._error(place, str(error))
            return default

    def _version(self, data: object) -> None:
        if type(data) is not int or data != VERSION:
            self._error("version", f"{_shown(data)} is not a version that we can read; it must be {VERSION}")

    def _name(self, data: object) -> str:
        if data is _OUTSIDE:
            return ""
        if not isinstance(data, str) or not data.strip() or len(data) > NAME_LIMIT:
            self._error("name", f"must be a name of 1 to {NAME_LIMIT} characters")
        elif "\n" in data or has_control_characters(data):
            self._error("name", "contains a control character")
        return str(data)

    def _id(self, data: object) -> str | int | None:
        if data is None or type(data) is int:
            return data
        if isinstance(data, str) and 0 < len(data) <= NAME_LIMIT and not has_control_characters(data):
            return data
        self._error("id", "must be a number or a short text")
        return None

    def _key(self, data: object, place: str) -> str:
        if data is _OUTSIDE:
            return ""
        if not isinstance(data, str) or not _STEP_KEY.fullmatch(data):
            self._error(place, "must be 1 to 40 of a-z, 0-9 and _, and begin with a letter")
            return ""
        return data

    def _flag(self, data: object, place: str) -> bool:
        if data is not _OUTSIDE and not isinstance(data, bool):
            self._error(place, "must be true or false")
        return data is True

    def _one_of(self, data: object, known: tuple[str, ...], place: str) -> str:
        if data is not _OUTSIDE and data not in known:
            self._error(place, f"{_shown(data)} is not known; possible: {', '.join(known)}")
        return data if isinstance(data, str) else known[0]

    def _object(
        self, data: object, place: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> Mapping[str, object]:
        if data is _OUTSIDE:
            return {}
        fields = self._any_object(data, place)
        for name in fields:
            if name not in (*required, *optional):
                self._error(_inside(place, name), "unknown key")
        if isinstance(data, Mapping):
            for name in required:
                if name not in fields:
                    self._error(_inside(place, name), "is missing")
        return fields

    def _any_object(self, data: object, place: str) -> Mapping[str, object]:
        if not isinstance(data, Mapping):
            self._error(place or "flow", "must be an object")
            return {}
        return {str(name): value for name, value in data.items()}

    def _error(self, place: str, problem: str) -> None:
        self.errors.append(f"{place}: {problem}")


def _inside(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _read_duration(data: object) -> timedelta:
    if not isinstance(data, str) or not data.isascii() or data.endswith(("P", "T")):
        raise ValueError(f"{_shown(data)} is no ISO 8601 duration such as PT30M, PT24H or P4D")
    try:
        duration = isodate.parse_duration(data)
    except isodate.ISO8601Error:
        raise ValueError(f"{_shown(data)} is no ISO 8601 duration such as PT30M, PT24H or P4D") from None
    except OverflowError:
        duration = timedelta.max
    if not isinstance(duration, timedelta):
        raise ValueError("years and months have no fixed length: write days, such as P30D")
    if duration < timedelta(0):
        raise ValueError("must not be negative")
    if duration > LONGEST:
        raise ValueError(f"must not be longer than {LONGEST.days} days")
    if duration.microseconds:
        raise ValueError("must be in whole seconds")
    return duration


def _shown(data: object) -> str:
    return reprlib.repr(data)
