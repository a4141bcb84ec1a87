"""The screen of settings: the store, who sends and where to, and how everything around it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Response, abort, request
from sqlalchemy import Row, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.admin import audit_trail, economy_preview, formats, hours_forms, page, settings_forms, story
from app.admin.hours_forms import HoursForm, PauseForm
from app.admin.settings_forms import CountriesForm
from app.models import InboundEvent, ProviderState, Store
from app.queue import DISPATCH
from app.web import runtime
from flows import candidates, due, identities, pauses, stores

blueprint = page.screen("settings", __name__)

AUDITED = 10
EVENTS = 20
LONGEST_PRODUCT_ID = 100
NOT_SURE = {"sure": "Tick this to disconnect."}


@blueprint.get("/app/settings")
def show() -> Response:
    store = access.visitor().store
    with runtime().database.session() as session:
        return page.show(session, "settings", **_values(session, store))


@blueprint.post("/app/settings/texts")
def save_texts() -> AnyResponse:
    typed = settings_forms.read_texts(request.form)
    with runtime().database.session() as session:
        store = page.locked_store(session)
        store.name_products = typed.name_products
        store.updated_at = runtime().clock.now()
        page.audit(session, "texts_changed", name_products=store.name_products)
    return page.done("settings.show", "saved")


@blueprint.post("/app/settings/words")
def save_words() -> AnyResponse:
    typed = settings_forms.read_words(request.form)
    with runtime().database.session() as session:
        store = page.locked_store(session)
        store.formality = typed.formality or None
        store.reserves_carts, store.economy_texts = typed.reserves_carts, typed.economy_texts
        store.updated_at = runtime().clock.now()
        page.audit(
            session,
            "words_changed",
            formality=store.formality or "as usual",
            reserves_carts=store.reserves_carts,
            economy_texts=store.economy_texts,
        )
    return page.done("settings.show", "saved")


@blueprint.post("/app/settings/hours")
def save_hours() -> AnyResponse:
    """What is held for its hours is looked at again: the store's own may have become longer.

    With ``preview=1`` nothing is saved: the page tells what the hours would come to.
    """
    with runtime().database.session() as session:
        store = page.locked_store(session)
        typed = hours_forms.read_hours(request.form, request.form.getlist("days_off"), store.country)
        if typed.errors:
            return page.refuse(session, "settings", **_values(session, store, hours=typed))
        if request.form.get("preview") == "1":
            return page.try_out(session, "settings", **_values(session, store, hours=typed))
        store.quiet_from, store.quiet_to = typed.quiet or (None, None)
        store.days_off, store.avoids_hours = sorted(typed.days_off), typed.avoids
        now = store.updated_at = runtime().clock.now()
        for reason in ("quiet_hours", "low_receptivity"):
            due.hasten(session, store.id, reason, now)
        page.audit(session, "hours_changed", **hours_forms.for_the_trail(typed))
    runtime().waker.soon(DISPATCH)
    return page.done("settings.show", "saved")


@blueprint.post("/app/settings/countries")
def save_countries() -> AnyResponse:
    with runtime().database.session() as session:
        store = page.locked_store(session)
        limit = candidates.outer_countries(runtime().settings.countries, store)
        typed = settings_forms.read_countries(
            request.form.get("scope", ""), request.form.getlist("countries"), limit
        )
        if typed.errors:
            return page.refuse(session, "settings", **_values(session, store, countries=typed))
        store.countries = None if typed.everywhere else sorted(typed.chosen)
        store.updated_at = runtime().clock.now()
        page.audit(session, "countries_changed", countries=store.countries or "all")
    return page.done("settings.show", "saved")


@blueprint.post("/app/settings/sending")
def switch_sending() -> AnyResponse:
    """Pause (``sending=0``) or resume. Only between these two: a broken connection stays broken."""
    resume, now = request.form.get("sending") == "1", runtime().clock.now()
    typed = PauseForm() if resume else hours_forms.read_pause(request.form, page.formats().zone, now)
    with runtime().database.session() as session:
        store = page.locked_store(session)
        if store.status not in ("active", "paused"):
            abort(409, "The store must be connected before sending can be paused or resumed.")
        if typed.errors:
            return page.refuse(session, "settings", **_values(session, store, pause=typed))
        if resume and store.status == "paused":
            pauses.resume(session, store, now)
            page.audit(session, "sending_resumed")
        elif not resume and store.status == "active":
            pauses.pause(store, typed.reason or None, typed.until, now)
            told = {"reason": typed.reason, "until": typed.typed_until}
            page.audit(session, "sending_paused", **{name: value for name, value in told.items() if value})
    if resume:
        runtime().waker.soon(DISPATCH)
    return page.done("settings.show", "resumed" if resume else "paused")


@blueprint.post("/app/settings/disconnect")
def disconnect() -> AnyResponse:
    """Leave a WooCommerce shop, once ``sure``. Of Shopify's an app is removed in Shopify's own admin."""
    visitor = access.visitor()
    if visitor.store.platform != "woocommerce":
        abort(409, "Remove the app in the admin of your shop.")
    if "sure" not in request.form:
        with runtime().database.session() as session:
            return page.refuse(session, "settings", **_values(session, visitor.store, leaving=NOT_SURE))
    removed = stores.disconnect(runtime(), visitor.store.id, visitor.actor, runtime().clock.now())
    return page.done("settings.show", "disconnected" if removed else "disconnected_alone")


@blueprint.post("/app/settings/products")
def name_product() -> AnyResponse:
    """Let texts name a product (``named=1``) or say "your cart" instead; then back to its cart."""
    product, named = request.form.get("product", ""), request.form.get("named") == "1"
    if not 0 < len(product) <= LONGEST_PRODUCT_ID:
        abort(400, "The product is missing.")
    with runtime().database.session() as session:
        store = page.locked_store(session)
        unnamed = set(store.unnamed_products) - {product} | (set() if named else {product})
        if unnamed != set(store.unnamed_products):
            store.unnamed_products, store.updated_at = sorted(unnamed), runtime().clock.now()
            page.audit(session, "product_named" if named else "product_unnamed", product=product)
    word, cart = "named" if named else "unnamed", request.form.get("cart", "")
    if cart.isascii() and cart.isdigit():
        return page.done("carts.show", word, cart_id=int(cart))
    return page.done("settings.show", word)


def _values(
    session: Session,
    store: Store,
    countries: CountriesForm | None = None,
    hours: HoursForm | None = None,
    pause: PauseForm | None = None,
    leaving: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What the page shows; a form that was refused is shown as it was typed."""
    settings = runtime().settings
    limit = candidates.outer_countries(settings.countries, store)
    return {
        "texts": settings_forms.stored_texts(store),
        "hours": hours or hours_forms.stored_hours(store),
        "days": [(name, day) for day, name in enumerate(hours_forms.DAYS)],
        "told_hours": hours_forms.told_hours(store.country, _told(store, hours)),
        "unsaved": hours is not None and not hours.errors,
        "learnt": hours_forms.told_learnt(store.avoided_hours),
        "pause": pause or PauseForm(),
        "leaving": leaving or {},
        "words_form": settings_forms.stored_words(store),
        "economy": economy_preview.show(store, settings.public_url),
        "countries": countries or settings_forms.stored_countries(store),
        "everywhere": "Any country." if limit is None else f"{formats.countries(limit)}.",
        "offered": sorted((formats.country(code), code) for code in settings_forms.offered(limit)),
        "confirming": settings_forms.stored_opt_in(store),
        "provider": settings.sms_provider,
        "provider_states": _provider_states(
            session, settings.sms_provider, identities.values(session, settings, store)
        ),
        "events": _failed_events(session, store),
        "audit": audit_trail.page(session, store.id, audit_trail.Filter(), AUDITED).rows,
        "audit_words": story.audited,
        "sentence": story.sentence,
    }


def _told(store: Store, typed: HoursForm | None) -> HoursForm:
    """The hours that the page's sentence is about: those that were typed, unless they cannot be meant."""
    return hours_forms.stored_hours(store) if typed is None or typed.errors else typed


def _provider_states(session: Session, provider: str, senders: Sequence[str]) -> Sequence[ProviderState]:
    """What keeps the account, or a sender of this store, from texting right now."""
    query = (
        select(ProviderState)
        .where(
            ProviderState.provider == provider,
            ProviderState.sender.in_(("", *senders)),
            ProviderState.until > runtime().clock.now(),
        )
        .order_by(ProviderState.sender, ProviderState.country)
    )
    return session.scalars(query).all()


def _failed_events(session: Session, store: Store) -> Sequence[Row[str, datetime, int, str | None]]:
    """Without their bodies: these hold what shoppers typed."""
    query = (
        select(InboundEvent.topic, InboundEvent.received_at, InboundEvent.attempts, InboundEvent.error)
        .where(InboundEvent.store_id == store.id, InboundEvent.state == "failed")
        .order_by(InboundEvent.received_at.desc(), InboundEvent.id.desc())
        .limit(EVENTS)
    )
    return session.execute(query).all()
