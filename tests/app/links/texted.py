"""A store with one texted cart, whose link can be opened."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.models import Click, Message, TimelineEntry
from app.runtime import Runtime
from tests import factories
from tests.app.links.agents import IPHONE

CHECKOUT = "https://lanena.example/checkouts/cn/abc/recover?key=s3cret"
STATUS_PAGE = "https://lanena.example/orders/77/authenticate?key=order-s3cret"
FRONT_PAGE = "https://lanena.example"


class Shop:
    """A store with one texted cart, whose link can be opened."""

    def __init__(self, runtime: Runtime, client: FlaskClient, **columns: Any) -> None:
        self.runtime, self.client = runtime, client
        values = {"url": FRONT_PAGE, "timezone": "Europe/Ljubljana", "currency": "EUR"}
        with runtime.database.session() as session:
            self.store = factories.make_store(session, **(values | columns))
            contact = factories.make_contact(session, self.store)
            self.cart = factories.make_cart(
                session, self.store, contact, restore_url=runtime.cipher.encrypt(CHECKOUT), locale="sl-SI"
            )
            self.message = factories.make_message(session, self.store, self.cart, flow_id=7)
            self.link = factories.make_link(session, self.store, self.message)

    def tap(self, agent: str = IPHONE, method: str = "GET", **headers: str) -> Any:
        headers = {"User-Agent": agent, **headers}
        return self.client.open(f"/r/{self.link.token}", method=method, headers=headers)

    def leads_to(self) -> str:
        response = self.tap()
        assert response.status_code == 302
        return str(response.headers["Location"])

    def change(self, row: Any, **columns: Any) -> None:
        with self.runtime.database.session() as session:
            session.execute(update(type(row)).where(type(row).id == row.id).values(**columns))

    def order(self, **columns: Any) -> None:
        self.change(self.cart, state="ordered")
        with self.runtime.database.session() as session:
            factories.make_order(session, self.store, cart_id=self.cart.id, **columns)

    def clicks(self) -> list[bool]:
        with self.runtime.database.session() as session:
            return list(session.scalars(select(Click.human).order_by(Click.id)))

    def clicked_at(self) -> Any:
        with self.runtime.database.session() as session:
            return session.get_one(Message, self.message.id).clicked_at

    def story(self) -> list[tuple[str, int | None]]:
        with self.runtime.database.session() as session:
            entries = session.scalars(select(TimelineEntry).order_by(TimelineEntry.id))
            return [(entry.kind, entry.message_id) for entry in entries]
