"""Logins at the standalone door: one-time links and the sessions that they open.

A login belongs to a person; which stores the person may open is said by memberships, and which
store is meant by the address of each page. Tokens are kept as digests only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.crypto import digest, random_token
from app.models import LoginLink, LoginSession, Membership, Person, Store
from flows.people import join, known_as

LINK_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(days=14)
SHOP_SESSION_LIFE = timedelta(hours=12)
"""A working day, for a login that a shop vouched for: it does not tell when it takes rights away."""
TOKEN_LENGTH = 32


def store_owner(session: Session, store: Store, now: datetime) -> Person:
    """The person who opens a store's pages where the platform names nobody; made at first need."""
    owner = known_as(session, f"store:{store.public_id}", store.name, now)
    return join(session, store, owner, now)


def make_login_link(
    session: Session, store: Store, person: Person, now: datetime, session_life: timedelta = SESSION_LIFE
) -> str:
    """A token for ``/login/<token>``; it works once, within 15 minutes."""
    token = random_token(TOKEN_LENGTH)
    session.add(
        LoginLink(
            store_id=store.id,
            person_id=person.id,
            token_digest=digest(token),
            created_at=now,
            expires_at=now + LINK_LIFE,
            session_life=session_life,
        )
    )
    return token


def usable_link(session: Session, token: str, now: datetime) -> LoginLink | None:
    """The link, if it can still be used; looking does not use it."""
    return session.scalar(
        select(LoginLink).where(
            LoginLink.token_digest == digest(token), LoginLink.used_at.is_(None), LoginLink.expires_at > now
        )
    )


@dataclass(frozen=True)
class Opened:
    """What a link opened: ``token`` is the session's, good for ``life``; ``store`` is shown first."""

    token: str
    store: Store
    life: timedelta


def use_link(session: Session, token: str, now: datetime) -> Opened | None:
    """Use the link up; None if it was used before or is old."""
    link = session.execute(
        update(LoginLink)
        .where(
            LoginLink.token_digest == digest(token), LoginLink.used_at.is_(None), LoginLink.expires_at > now
        )
        .values(used_at=now)
        .returning(LoginLink.person_id, LoginLink.store_id, LoginLink.session_life)
    ).one_or_none()
    if link is None:
        return None
    session_token = random_token(TOKEN_LENGTH)
    session.add(
        LoginSession(
            token_digest=digest(session_token),
            person_id=link.person_id,
            created_at=now,
            expires_at=now + link.session_life,
        )
    )
    return Opened(session_token, session.get_one(Store, link.store_id), link.session_life)


def logged_in(session: Session, session_token: str, now: datetime) -> Person | None:
    """The person behind a session cookie, if the session lasts."""
    return session.scalar(
        select(Person)
        .join(LoginSession, LoginSession.person_id == Person.id)
        .where(
            LoginSession.token_digest == digest(session_token),
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > now,
        )
    )


def log_out(session: Session, session_token: str, now: datetime) -> None:
    session.execute(
        update(LoginSession)
        .where(LoginSession.token_digest == digest(session_token), LoginSession.ended_at.is_(None))
        .values(ended_at=now)
    )


def stores_of(session: Session, person: Person) -> list[Store]:
    """The stores that a person may open, by name."""
    return list(
        session.scalars(
            select(Store)
            .join(Membership, Membership.store_id == Store.id)
            .where(Membership.person_id == person.id)
            .order_by(Store.name)
        )
    )


def may_open(session: Session, person: Person, domain: str) -> Store | None:
    """The store with that domain, if the person is a member of it."""
    return session.scalar(
        select(Store)
        .join(Membership, Membership.store_id == Store.id)
        .where(Membership.person_id == person.id, Store.domain == domain)
    )
