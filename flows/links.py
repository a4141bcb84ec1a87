"""Short links: their tokens, how long they live, what an opening leaves behind, and where it leads.

A link never carries an address: it leads only to what our own rows say of its store, cart and order.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from app.crypto import Cipher, Undecryptable, random_token
from app.db import once_more
from app.models import Cart, Consent, Contact, Link, Message, Store
from app.runtime import Runtime
from connectors.events import Item, Shopper
from connectors.platform import Companion, Restore
from flows import connections
from flows.consents import SMS
from flows.devices import device
from flows.rollups import FIGURES

log = structlog.get_logger()

TOKEN_LENGTH = 12
LEADS_TO_THE_CART_FOR = timedelta(days=30)
LONGEST_AGENT = 300
MOST_LINES = 100
"""Of a cart, in the address that fills it anew: proxies let no more than 4 KB of headers through."""
PLUGIN_KEY = "woo_session"
"""The kind of key by which a shop's companion plugin knows a cart."""

_TOKEN = re.compile(rf"[0-9A-Za-z]{{{TOKEN_LENGTH}}}")
_NEVER_IN_A_URL = re.compile(r"[\s\\\x00-\x1f\x7f]")


def make_token() -> str:
    """A fresh token: 71 random bits in base62, short enough for a text."""
    return random_token(TOKEN_LENGTH)


def is_token(word: str) -> bool:
    """Whether a word has the form of a token."""
    return _TOKEN.fullmatch(word) is not None


def link_end(activity_at: datetime, cutoff: timedelta) -> datetime:
    """When a link stops leading to its cart: 30 days after the flow may no longer text about it."""
    return activity_at + cutoff + LEADS_TO_THE_CART_FOR


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that was opened, and what decides where it leads. ``ended``: by a stop, or by its age.

    ``sent_elsewhere``: to a number that is not the cart's any more; it may be a stranger's.
    ``rested``: for how long, at ``opened_at``, its checkout had at least been left alone. ``plugin`` is the
    secret of the shop's companion plugin, encrypted, and ``plugin_key`` its name of the cart.
    """

    token: str
    ended: bool
    sent_elsewhere: bool
    flow_id: int | None
    platform: str
    domain: str
    store_url: str
    store_status: str
    platform_version: str | None
    cart_state: str
    items: list[dict[str, Any]]
    locale: str | None
    storefront_locale: str | None
    email: str | None
    first_name: str | None
    country: str | None
    postcode: str | None
    rested: timedelta
    restore_url: str | None
    status_url: str | None
    plugin: str | None
    plugin_key: str | None
    opened_at: datetime
    discount_code: str | None
    own_codes: list[str]


def open_link(runtime: Runtime, token: str, *, person: bool, agent: str) -> Opened | None:
    """Find a link and write down that it was opened, in one statement; None if there is no such link.

    A person's first opening marks the text as clicked and its day for counting; each opening by a
    person is a line in the cart's story, of those by programs only the first.
    """
    if not is_token(token):
        return None
    values = {
        "token": token,
        "person": person,
        "agent": agent[:LONGEST_AGENT].replace("\x00", ""),
        "device": device(agent) if person else None,
        "now": runtime.clock.now(),
        "flag": FIGURES,
        "nonce": random_token(),
        "plugin_secret": connections.WOOCOMMERCE_PLUGIN,
        "plugin_key": PLUGIN_KEY,
    }
    row = _open(runtime, values)
    return Opened(**row) if row else None


@once_more
def _open(runtime: Runtime, values: dict[str, Any]) -> RowMapping | None:
    with runtime.database.autocommit.connect() as connection:
        return connection.execute(OPEN, values).mappings().one_or_none()


OPEN = text(
    """
    WITH found AS (
        SELECT l.token, l.id AS link_id, l.store_id, l.cart_id, l.message_id, l.contact_id,
            l.ended_at IS NOT NULL OR l.expires_at <= :now AS ended, m.flow_id, m.enrollment_id, m.step_key,
            m.accepted_at, m.created_at AS written_at
        FROM link l JOIN message m ON m.store_id = l.store_id AND m.id = l.message_id
        WHERE l.token = :token
    ), recorded AS (
        INSERT INTO click (store_id, link_id, human, agent, occurred_at)
        SELECT store_id, link_id, :person, :agent, :now FROM found
    ), first_click AS (
        UPDATE message m SET clicked_at = :now FROM found
        WHERE :person AND m.store_id = found.store_id AND m.id = found.message_id AND m.clicked_at IS NULL
        RETURNING m.store_id, m.accepted_at
    ), first_preview AS (
        UPDATE link l SET previewed_at = :now FROM found
        WHERE NOT :person AND l.store_id = found.store_id AND l.id = found.link_id AND l.previewed_at IS NULL
        RETURNING l.id
    ), story AS (
        INSERT INTO timeline_entry (store_id, cart_id, kind, step_key, message_id, occurred_at, details)
        SELECT found.store_id, found.cart_id, CASE WHEN :person THEN 'clicked' ELSE 'bot_clicked' END,
            found.step_key, found.message_id, :now,
            jsonb_strip_nulls(jsonb_build_object(
                'opened_on', cast(:device AS text),
                'left_on', CASE WHEN c.device <> cast(:device AS text) THEN c.device END))
        FROM found JOIN cart c ON c.store_id = found.store_id AND c.id = found.cart_id
        WHERE :person OR EXISTS (SELECT FROM first_preview)
    ), flagged AS (
        INSERT INTO store_flag (store_id, name, value, flagged_at)
        SELECT store_id, :flag, (to_jsonb(accepted_at) #>> '{}') || '#' || :nonce, :now
        FROM first_click WHERE accepted_at IS NOT NULL
    )
    SELECT found.token, found.ended, found.contact_id IS DISTINCT FROM c.contact_id AS sent_elsewhere,
        found.flow_id,
        s.platform, s.domain, s.url AS store_url, s.status AS store_status, s.platform_version,
        c.state AS cart_state, c.items, c.locale, c.storefront_locale, c.restore_url,
        c.email, c.first_name, c.country, c.postcode,
        -- The shopper may be active again since; what was left before the text is no fresh checkout, but one
        -- that our link, or the shopper, has begun since then is.
        cast(:now AS timestamptz)
            - greatest(least(c.activity_at, found.written_at), c.platform_created_at) AS rested,
        -- Not of an order that is this cart's by nothing but its code: it may be somebody else's.
        (SELECT status_url FROM "order" o WHERE o.store_id = found.store_id AND o.cart_id = found.cart_id
            AND (cardinality(o.discount_codes) = 0 OR o.email = lower(c.email) OR EXISTS (
                SELECT FROM order_key ok JOIN cart_key ck
                    ON ck.store_id = ok.store_id AND ck.kind = ok.kind AND ck.value = ok.value
                WHERE ok.store_id = o.store_id AND ok.order_id = o.id AND ck.cart_id = o.cart_id))
            ORDER BY placed_at DESC, id DESC LIMIT 1) AS status_url,
        (SELECT secret FROM credential WHERE store_id = found.store_id AND kind = :plugin_secret) AS plugin,
        (SELECT value FROM cart_key k WHERE k.store_id = found.store_id AND k.cart_id = found.cart_id
            AND k.kind = :plugin_key AND k.in_use ORDER BY k.id DESC LIMIT 1) AS plugin_key,
        cast(:now AS timestamptz) AS opened_at,
        (SELECT code FROM discount d WHERE d.store_id = found.store_id AND d.cart_id = found.cart_id
            AND d.state = 'made' AND d.ends_at > :now
            -- Not one of which only a text that still waits will tell.
            AND ((d.enrollment_id = found.enrollment_id AND d.step_key = found.step_key) OR EXISTS (
                SELECT FROM message told WHERE told.store_id = d.store_id AND told.accepted_at IS NOT NULL
                    AND told.enrollment_id = d.enrollment_id AND told.step_key = d.step_key
                    -- Nor one that was told to another number: it may be a stranger's.
                    AND told.contact_id = found.contact_id))
            ORDER BY d.id DESC LIMIT 1) AS discount_code,
        ARRAY(SELECT code FROM unnest(c.discount_codes) WITH ORDINALITY AS used(code, place)
            WHERE NOT EXISTS (SELECT FROM discount d
                WHERE d.store_id = found.store_id AND d.code = lower(used.code)) ORDER BY place) AS own_codes
    FROM found
    JOIN store s ON s.id = found.store_id
    JOIN cart c ON c.store_id = found.store_id AND c.id = found.cart_id
    """
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whose link it is. ``contact`` is None for somebody who was erased; ``language`` is that of the text."""

    store: Store
    contact: Contact | None
    language: str
    stopped: bool


def recipient(session: Session, token: str) -> Recipient | None:
    """The person that a link was sent to, also after it ended; None if there is no such link."""
    if not is_token(token):
        return None
    row = session.execute(
        select(Store, Contact, Message.language, Consent.stopped)
        .join(Link, Link.store_id == Store.id)
        .join(Contact, (Contact.store_id == Link.store_id) & (Contact.id == Link.contact_id))
        .join(Message, (Message.store_id == Link.store_id) & (Message.id == Link.message_id))
        .outerjoin(
            Consent,
            (Consent.store_id == Link.store_id)
            & (Consent.channel == SMS)
            & (Consent.address == Contact.phone),
        )
        .where(Link.token == token)
    ).one_or_none()
    if row is None:
        return None
    store, contact, language, stopped = row
    if contact.erased_at is not None:
        return Recipient(store, None, language, stopped=True)
    return Recipient(store, contact, contact.preferred_language or language, bool(stopped))


def newest_token(session: Session, contact: Contact) -> str | None:
    """The token of the newest text that left for this contact, ended or not; None if there is none.

    Never that of a text in doubt: the provider is asked for it by its token, and would take whatever
    repeats the token for that text.
    """
    query = (
        select(Link.token)
        .join(Message, (Message.store_id == Link.store_id) & (Message.id == Link.message_id))
        .where(Link.store_id == contact.store_id, Link.contact_id == contact.id)
        .where(Message.accepted_at.is_not(None))
        .order_by(Link.created_at.desc(), Link.id.desc())
    )
    return session.scalar(query.limit(1))


def destination(cipher: Cipher, opened: Opened, *, browser: bool = True) -> str:
    """Where an opened link leads: the saved checkout, the page of the order, or the shop's front page.

    The front page is for links that ended, and wherever there is no better way. Where a shop's plugin
    rebuilds carts, it is for all but a ``browser`` too: a preview needs no cart. A link that was
    ``sent_elsewhere`` leads to the goods, and shows nothing of the person.
    """
    front = front_page(opened.store_url, opened.domain)
    if opened.ended or opened.store_status == "uninstalled":
        return front
    if not browser and opened.plugin and opened.plugin_key:
        return front
    try:
        return _web_address(_way_back(cipher, opened)) or front
    except Undecryptable:
        log.warning("link_address_unreadable", platform=opened.platform)
        return front


def front_page(store_url: str, domain: str) -> str:
    """The shop's own address, which shows nobody's data."""
    return _web_address(store_url) or f"https://{domain}"


def _way_back(cipher: Cipher, opened: Opened) -> str | None:
    if opened.cart_state == "ordered":
        shown = None if opened.sent_elsewhere else opened.status_url
        return cipher.decrypt(shown) if shown else None
    # A cart ends as emptied with its goods when its unpaid order was cancelled: its own address is dead then.
    saved = None if opened.cart_state == "emptied" or opened.sent_elsewhere else opened.restore_url
    plugin = None if opened.sent_elsewhere else opened.plugin
    restore = Restore(
        restore_url=cipher.decrypt(saved) if saved else None,
        items=tuple(_item(stored) for stored in opened.items[:MOST_LINES]),
        store_url=opened.store_url,
        locale=opened.locale,
        storefront_locale=opened.storefront_locale,
        shopper=_typed(opened),
        rested=opened.rested,
        discount_code=opened.discount_code,
        own_codes=() if opened.sent_elsewhere else tuple(opened.own_codes),
        tracking=_tracking(opened),
        platform_version=opened.platform_version,
        companion=_companion(cipher, opened.platform, plugin, opened.plugin_key, opened.opened_at),
    )
    return connections.platform(opened.platform).restore_url(restore)


def _typed(opened: Opened) -> Shopper:
    """What a fresh checkout is filled with."""
    if opened.sent_elsewhere:
        return Shopper()
    return Shopper(
        email=opened.email,
        first_name=opened.first_name,
        country=opened.country,
        postcode=opened.postcode,
    )


def _companion(
    cipher: Cipher, platform: str, plugin: str | None, plugin_key: str | None, now: datetime
) -> Companion | None:
    """The shop's plugin, if it knows the cart; with a secret that nobody can read the other ways are left."""
    if plugin is None or plugin_key is None:
        return None
    try:
        kept = cipher.decrypt_json(plugin)
        secret, version = str(kept["secret"]), str(kept["version"])
    except (Undecryptable, ValueError, KeyError, TypeError):
        log.warning("link_plugin_unreadable", platform=platform)
        return None
    return Companion(secret, version, plugin_key, secrets.token_hex(16), now)


def takes_code(
    cipher: Cipher, store: Store, cart: Cart, plugin: str | None, plugin_key: str | None, now: datetime
) -> bool:
    """Whether a tap on a link of this cart would apply a discount code by itself.

    ``plugin`` and ``plugin_key`` as in ``Opened``.
    """
    try:
        saved = cipher.decrypt(cart.restore_url) if cart.restore_url else None
    except Undecryptable:
        return False
    restore = Restore(
        restore_url=saved,
        items=tuple(_item(stored) for stored in cart.items),
        store_url=store.url,
        discount_code="code",
        platform_version=store.platform_version,
        companion=_companion(cipher, store.platform, plugin, plugin_key, now),
    )
    return connections.platform(store.platform).applies_discounts(restore)


def _item(stored: Mapping[str, Any]) -> Item:
    """As far as a way back is built from it: the products and how many of each."""
    return Item(stored["title"], stored["quantity"], stored.get("product_id"), stored.get("variant_id"))


def _tracking(opened: Opened) -> dict[str, str]:
    """What the shop's own statistics see; ``cid`` comes back with the order of some platforms."""
    campaign = {} if opened.flow_id is None else {"utm_campaign": str(opened.flow_id)}
    return {"utm_source": "warmcart", "utm_medium": "sms", **campaign, "cid": opened.token}


def _web_address(url: str | None) -> str | None:
    """The URL if every browser reads it as a web address of the host that we read in it."""
    if not url or _NEVER_IN_A_URL.search(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    sound = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    return url if sound else None
