"""May this number be texted? The answer, derived from everything that was ever said about it.

Events are kept and never changed; the answer can be rebuilt from them at any time, and events that
arrive in another order give the same answer: they are read by when they happened.

After a stop, from whatever side (a reply, the provider's block list, our page, the platform), only
two things give consent again: START from the number itself, or a tick in a checkout that was created
after the stop. A platform's record that says yes does not, however it is dated: a record is what the
platform still believes, a stop is what the person said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from connectors.events import ConsentState

# The sources of the events that the number itself made by a text: by a word of ours, in its own words,
# and as the answer to our request to confirm.
KEYWORD_START = "keyword_start"
KEYWORD_STOP = "keyword_stop"
PLAIN_WORDS = "plain_words_stop"
DOUBLE_OPT_IN = "double_opt_in"


class Standing(StrEnum):
    """Where a number stands: what was last said about it that counts."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    PENDING = "pending"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One thing that was said about texting a number, as the ledger keeps it.

    ``occurred_at`` None: undated. ``checkout_created_at`` is set for a tick in a checkout.
    ``confirmed``: the platform reports that the shopper confirmed the opt-in, or the shopper answered ours.
    """

    state: ConsentState
    source: str
    recorded_at: datetime
    occurred_at: datetime | None = None
    confirmed: bool = False
    checkout_created_at: datetime | None = None

    @property
    def dated(self) -> datetime | None:
        """When it happened; a tick did not happen before its checkout was there."""
        return self.occurred_at or self.checkout_created_at


@dataclass(frozen=True, slots=True)
class Consent:
    """The current state. ``since`` and ``source`` are those of the event that brought it about."""

    state: Standing = Standing.NONE
    confirmed: bool = False
    since: datetime | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class _Story:
    """The state so far, and what a later event is weighed against."""

    consent: Consent = Consent()
    stopped_at: datetime | None = None
    asked_at: datetime | None = None
    ever_given: bool = False
    ever_confirmed: bool = False


def derive(events: Iterable[ConsentEvent]) -> Consent:
    """The consent that follows from all events of one number, in whatever order they are given."""
    story = _Story()
    for event in sorted(events, key=_by_time):
        story = _told(story, event)
    return story.consent


def _by_time(event: ConsentEvent) -> tuple[datetime, int, bool, str, datetime]:
    """At the same moment a no comes after a yes, so that it stands."""
    order = (ConsentState.GIVEN, ConsentState.PENDING, ConsentState.WITHDRAWN)
    checkout = event.checkout_created_at or _moment(event)
    return _moment(event), order.index(event.state), not event.confirmed, event.source, checkout


def _moment(event: ConsentEvent) -> datetime:
    return event.dated or event.recorded_at


def _told(story: _Story, event: ConsentEvent) -> _Story:
    if event.state is ConsentState.WITHDRAWN:
        return _stopped(story, event)
    if event.source == KEYWORD_START:
        return _started(story, event)
    if not _counts(story, event):
        return story
    return _asked(story, event) if event.state is ConsentState.PENDING else _given(story, event)


def _stopped(story: _Story, event: ConsentEvent) -> _Story:
    """A stop counts even undated: from when we learnt of it. Said again, it moves on."""
    first = story.consent.state is not Standing.WITHDRAWN
    consent = Consent(Standing.WITHDRAWN, False, _moment(event), event.source) if first else story.consent
    return replace(story, consent=consent, stopped_at=_moment(event), asked_at=None)


def _started(story: _Story, event: ConsentEvent) -> _Story:
    """START opens again what was given, and answers an open question; to a stranger it gives nothing."""
    asked = story.consent.state is Standing.PENDING
    if event.dated is None or not (story.ever_given or asked) or story.consent.state is Standing.GIVEN:
        return story
    return _opened(story, event, confirmed=event.confirmed or story.ever_confirmed)


def _counts(story: _Story, event: ConsentEvent) -> bool:
    """Whether a yes, or a question put to the shopper, is newer than the last stop and the last question."""
    if story.asked_at is not None and event.confirmed and event.dated is not None:
        return True
    if story.stopped_at is not None and not _ticked_after(event, story.stopped_at):
        return False
    # The tick that raised the question, reported once more, does not answer it.
    return story.asked_at is None or _newer(event, story.asked_at)


def _ticked_after(event: ConsentEvent, moment: datetime) -> bool:
    return event.checkout_created_at is not None and event.checkout_created_at > moment


def _newer(event: ConsentEvent, moment: datetime) -> bool:
    begun = event.checkout_created_at or event.dated
    return begun is not None and begun > moment


def _asked(story: _Story, event: ConsentEvent) -> _Story:
    """Asked to confirm: until the answer there is no consent, unless it was confirmed before."""
    if story.consent.state is Standing.GIVEN and story.consent.confirmed:
        return story
    asked = Consent(Standing.PENDING, False, _moment(event), event.source)
    return replace(story, consent=asked, asked_at=_moment(event))


def _given(story: _Story, event: ConsentEvent) -> _Story:
    if story.consent.state is Standing.GIVEN:
        confirmed = story.consent.confirmed or event.confirmed
        return replace(
            story,
            consent=replace(story.consent, confirmed=confirmed),
            ever_confirmed=story.ever_confirmed or confirmed,
        )
    return _opened(story, event, confirmed=event.confirmed)


def _opened(story: _Story, event: ConsentEvent, *, confirmed: bool) -> _Story:
    return _Story(
        consent=Consent(Standing.GIVEN, confirmed, _moment(event), event.source),
        ever_given=True,
        ever_confirmed=story.ever_confirmed or confirmed,
    )
