"""Whether somebody may be texted, as the judge reads what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flows.simulation.truth import Said


@dataclass(frozen=True, slots=True)
class Stand:
    """``state``: given, pending, withdrawn, none."""

    state: str
    confirmed: bool = False


def stand(said: Sequence[Said], stopped_before: datetime | None, now: datetime) -> Stand:
    """What holds at ``now``. ``stopped_before``: a stop that outlived an earlier installation."""
    told = sorted((one for one in said if one.recorded_at <= now), key=_moment)
    stops = [_moment(one) for one in told if one.state == "withdrawn"]
    stops += [stopped_before] if stopped_before else []
    stop = max(stops, default=None)
    opening = next((one for one in told if _opens(one, told, stop)), None)
    pending = [one for one in told if one.state == "pending" and (stop is None or _created_after(one, stop))]
    if opening is None:
        return Stand("pending" if pending else "withdrawn" if stop else "none")
    since = [one for one in told if _moment(one) >= _moment(opening) and one.state == "given"]
    confirmed = any(one.confirmed for one in since)
    if _is_start(opening):
        before = [one for one in told if _moment(one) <= _moment(opening)]
        confirmed |= any(one.confirmed and _counted(one, told) for one in before)
    asked = max((_moment(one) for one in pending), default=None)
    if asked is not None and not confirmed and not any(_answers(one, asked) for one in since):
        return Stand("pending")
    return Stand("given", confirmed)


def _moment(one: Said) -> datetime:
    return one.occurred_at or one.checkout_created_at or one.recorded_at


def _is_start(one: Said) -> bool:
    return one.source == "keyword_start"


def _created_after(one: Said, stop: datetime) -> bool:
    return one.checkout_created_at is not None and one.checkout_created_at > stop


def _still_asked(asked: Said, start: Said, told: Sequence[Said]) -> bool:
    """Whether no stop came between the question and START."""
    stops = [_moment(other) for other in told if other.state == "withdrawn"]
    return asked.state == "pending" and not any(_moment(asked) <= at < _moment(start) for at in stops)


def _counted(one: Said, told: Sequence[Said]) -> bool:
    """Whether a yes counted when it was said: what came after a stop did not, but for a later tick."""
    stops = [_moment(other) for other in told if other.state == "withdrawn" and _moment(other) < _moment(one)]
    return not _is_start(one) and (not stops or _created_after(one, max(stops)))


def _opens(one: Said, told: Sequence[Said], stop: datetime | None) -> bool:
    if one.state != "given":
        return False
    if _is_start(one):
        known = [other for other in told if _moment(other) < _moment(one) and _counted(other, told)]
        agreed = any(other.state == "given" or _still_asked(other, one, told) for other in known)
        return one.occurred_at is not None and agreed and (stop is None or one.occurred_at > stop)
    if stop is None or _created_after(one, stop):
        return True
    asked = [other for other in told if other.state == "pending" and _created_after(other, stop)]
    return one.confirmed and one.occurred_at is not None and any(_moment(a) <= one.occurred_at for a in asked)


def _answers(one: Said, asked: datetime) -> bool:
    """A question is answered by what is newer than it; the tick that raised it is not."""
    if _is_start(one):
        return _moment(one) > asked
    begun = one.checkout_created_at or one.occurred_at
    return begun is not None and begun > asked
