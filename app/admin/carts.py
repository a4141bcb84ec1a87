"""The screens of carts: the list, and one cart's story."""

from __future__ import annotations

from decimal import Decimal

from flask import Response, abort, request

from app import access
from app.admin import cart_index, formats, page, story
from app.admin.cart_index import Whole
from app.web import runtime
from flows.phones import mask
from flows.reasons import REASONS

blueprint = page.screen("carts", __name__)


@blueprint.get("/app/carts")
def listing() -> Response:
    wanted = cart_index.read_filter(request.args)
    with runtime().database.session() as session:
        return page.show(
            session,
            "carts",
            found=cart_index.page(session, access.visitor().store.id, wanted),
            wanted=wanted,
            states=story.STATES.items(),
            reasons=[(name, reason.sentence) for name, reason in REASONS.items()],
        )


@blueprint.get("/app/carts/<int(max=9223372036854775807):cart_id>")
def show(cart_id: int) -> Response:
    with runtime().database.session() as session:
        whole = cart_index.whole(session, access.visitor().store.id, cart_id)
        if whole is None:
            abort(404)
        return page.show(
            session,
            "cart",
            whole=whole,
            cart=whole.cart,
            person=_person(whole),
            price_of=_unit_price,
            why_recovered=story.why_recovered,
            language_reasons=story.LANGUAGE_REASONS,
        )


def _person(whole: Whole) -> list[tuple[str, str | None]]:
    """What is shown of the shopper; never the whole number."""
    cart, contact = whole.cart, whole.contact
    problem = (contact.unreachable_reason if contact else None) or cart.phone_problem
    language = cart.locale or (contact.locale if contact else None)
    return [
        ("Number", mask(contact.phone) if contact else "None"),
        ("Number's country", formats.country(contact.country) if contact else None),
        ("Can be texted", f"No. {story.sentence(problem)}" if problem else None),
        ("Consent", story.consent(whole.consent)),
        ("Address", formats.country(cart.country) if cart.country else None),
        ("Language", formats.language(language.replace("_", "-")) if language else None),
    ]


def _unit_price(item: dict[str, str | None]) -> Decimal | None:
    """Items are kept as JSON, prices in them as text."""
    written = item.get("unit_price")
    return Decimal(written) if written else None
