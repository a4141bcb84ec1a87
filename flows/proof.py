"""Is whoever holds a link the owner of its number? They know its last digits; a few tries a day.

A text may be passed on, and its link with it: the link alone stops texts, but shows nobody's data.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from enum import StrEnum

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.crypto import same
from app.models import Contact, ProofAttempt

DIGITS = 4
ATTEMPTS = 5
"""Wrong tries per number and day (UTC), over all of its links."""


class Proof(StrEnum):
    PROVEN = "proven"
    WRONG = "wrong"
    TOO_MANY = "too_many"


def prove(session: Session, contact: Contact, typed: str, now: datetime) -> Proof:
    """Compare what was typed with the last digits of the number. A try is counted before it is looked at,
    and given back where it was right, so that many at once are no more tries than one after the other."""
    row = {"store_id": contact.store_id, "contact_id": contact.id, "day": now.date(), "attempts": 1}
    counted = insert(ProofAttempt).values(row)
    statement = counted.on_conflict_do_update(
        index_elements=["store_id", "contact_id", "day"],
        set_={"attempts": ProofAttempt.attempts + 1},
    ).returning(ProofAttempt)
    attempt = session.scalars(statement, execution_options={"populate_existing": True}).one()
    if attempt.attempts > ATTEMPTS:
        return Proof.TOO_MANY
    if not same(_digits(typed), contact.phone[-DIGITS:]):
        return Proof.WRONG
    attempt.attempts -= 1
    return Proof.PROVEN


def _digits(typed: str) -> str:
    """The digits of any script, as phones of that script type them."""
    found = (unicodedata.digit(character, None) for character in typed)
    return "".join(str(digit) for digit in found if digit is not None)
