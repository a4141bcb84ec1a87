"""What a simulated year came to, as the command prints it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flows.segments import Encoding, fits_gsm7
from flows.simulation.truth import REQUEST, STEPS, Decision, Said, Story

_GROUPS = {"held": "hold", "waited": "wait", "skipped": "skip", "ended": "end"}
_LANGUAGES_A_LINE = 6


def line_of(story: Story, one: Decision) -> str:
    """A decision as a line of JSON."""
    said = [_told(event) for event in story.said if event.recorded_at <= one.asked_at]
    row: dict[str, Any] = {
        "cart": one.cart,
        "country": story.shopper.country,
        "region": story.region,
        "zones": story.zones,
        "consent_history": said,
        "asked_at": _utc(one.asked_at),
        "answer": one.answer,
        "reason": one.reason,
        "sent_at": _utc(one.sent_at),
        "language": one.language,
        "body": one.body,
        "segments": one.segments,
    }
    return json.dumps(row, ensure_ascii=False)


def _told(said: Said) -> dict[str, Any]:
    moments = {
        "at": said.occurred_at,
        "recorded_at": said.recorded_at,
        "checkout_created_at": said.checkout_created_at,
    }
    told = {name: _utc(moment) for name, moment in moments.items()}
    return {"state": said.state, "source": said.source, "confirmed": said.confirmed, **told}


def _utc(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


@dataclass(slots=True)
class Report:
    """Sums over all stories; bounded, however many there are."""

    carts: int = 0
    decisions: int = 0
    violations: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    countries: set[str] = field(default_factory=set)
    histories: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    dear: Counter[tuple[Encoding, int]] = field(default_factory=Counter)

    def add(self, story: Story) -> None:
        self.carts += len(story.shopper.carts)
        self.decisions += len(story.decisions)
        self.countries.add(story.shopper.country)
        self.histories[story.shopper.history] += 1
        for one in story.decisions:
            self.answers[one.answer, one.reason or ""] += 1
            if one.sent_at is not None:
                self._add_text(one)

    def _add_text(self, one: Decision) -> None:
        encoding = Encoding.GSM7 if fits_gsm7(one.body or "") else Encoding.UCS2
        self.sent[one.step] += 1
        self.languages[one.language or "?"] += 1
        self.dear[encoding, one.segments or 0] += 1

    def lines(self) -> Iterator[str]:
        """The report; its last line says how many violations there were."""
        yield f"carts: {self.carts:,} in {len(self.countries)} countries"
        yield f"decisions: {self.decisions:,}"
        yield "what was said: " + _listed(self.histories)
        sent = sum(self.sent.values())
        steps = {step: self.sent[step] for step in (*STEPS, REQUEST)}
        yield f"texts sent: {sent:,} ({_listed(Counter(steps))})"
        for title, answer in _GROUPS.items():
            yield from self._group(title, answer)
        yield f"languages: {len(self.languages)}"
        ranked = [f"{tag} {count:,}" for tag, count in self.languages.most_common()]
        for start in range(0, len(ranked), _LANGUAGES_A_LINE):
            yield "  " + ", ".join(ranked[start : start + _LANGUAGES_A_LINE])
        yield from self._cost(sent)
        yield f"violations: {self.violations:,}".replace(",", "")

    def _group(self, title: str, answer: str) -> Iterator[str]:
        reasons = Counter({reason: count for (kind, reason), count in self.answers.items() if kind == answer})
        yield f"{title}: {reasons.total():,}"
        for reason, count in reasons.most_common():
            yield f"  {reason:<20} {count:>9,}"

    def _cost(self, sent: int) -> Iterator[str]:
        """Segments, which is what providers bill; what one costs in a country is theirs to say."""
        total = sum(size * count for (_, size), count in self.dear.items())
        yield f"cost: {total:,} segments, {total / max(1, sent):.2f} a text"
        for (encoding, size), count in sorted(self.dear.items()):
            yield f"  {encoding.value:<6} {size} segment{'s' if size > 1 else ' '} {count:>9,}"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
