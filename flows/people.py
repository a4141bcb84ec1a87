"""Who may open a store's pages: people, and the stores that they belong to.

Pages are opened many at a time, so nobody is made by "look, then insert": the unique keys decide.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import Membership, Person, Store


def known_as(session: Session, external_id: str, name: str, now: datetime) -> Person:
    """The person whom the platform, or we, call ``external_id``; made at first need."""
    query = select(Person).where(Person.external_id == external_id)
    person = session.scalar(query)
    if person is not None:
        return person
    row = insert(Person).values(external_id=external_id, name=name, created_at=now)
    session.execute(row.on_conflict_do_nothing(index_elements=["external_id"]))
    return session.scalars(query).one()


def join(session: Session, store: Store, person: Person, now: datetime, role: str = "owner") -> Person:
    """Make the person a member of the store, once; a role that they have already stays."""
    of_both = (Membership.store_id == store.id) & (Membership.person_id == person.id)
    if session.scalar(select(Membership.id).where(of_both)) is None:
        row = insert(Membership).values(store_id=store.id, person_id=person.id, role=role, created_at=now)
        session.execute(row.on_conflict_do_nothing(index_elements=["store_id", "person_id"]))
    return person
