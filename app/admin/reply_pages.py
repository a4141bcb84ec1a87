"""The screen of replies: what shoppers wrote that a person should read, and what we did about it."""

from __future__ import annotations

from flask import Response, abort, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.admin import page, reply_index
from app.models import Contact, Reply, Store
from app.queue import DISPATCH
from app.web import runtime
from flows import consents, due, replies

blueprint = page.screen("replies", __name__)

SETTLED, KEPT, UNDONE = "settled", "kept", "undone"


@blueprint.get("/app/replies")
def listing() -> Response:
    wanted = reply_index.read_filter(request.args)
    with runtime().database.session() as session:
        found = reply_index.page(session, access.visitor().store.id, wanted)
        return page.show(session, "replies", found=found, wanted=wanted, shows=reply_index.SHOWS.items())


@blueprint.post("/app/replies/<int(max=9223372036854775807):reply_id>/settle")
def settle(reply_id: int) -> AnyResponse:
    """``settled``: read; ``kept``: a stop that stays; ``undone``: the text was no stop after all."""
    how = request.form.get("as", "")
    if how not in (SETTLED, KEPT, UNDONE):
        abort(400, "Say what is to be done with the reply.")
    with runtime().database.session() as session:
        reply = _locked(session, reply_id)
        if reply.settled_at is None or (how == UNDONE and reply.settled_as != UNDONE):
            _settle(session, reply, how)
    runtime().waker.soon(DISPATCH)
    return page.done("replies.listing", f"reply_{how}")


def _settle(session: Session, reply: Reply, how: str) -> None:
    store, now = access.visitor().store, runtime().clock.now()
    if how == UNDONE and not _undo(session, store, reply):
        abort(409, "This reply stopped nothing that could be undone.")
    reply.settled_at, reply.settled_as = now, how
    page.audit(session, f"reply_{how}", reply_id=reply.id)
    due.hasten(session, store.id, "conversation_open", now)


def _locked(session: Session, reply_id: int) -> Reply:
    reply = session.get(Reply, reply_id, with_for_update={"key_share": True})
    if reply is None or reply.store_id != access.visitor().store.id or not reply.needs_person:
        abort(404)
    return reply


def _undo(session: Session, store: Store, reply: Reply) -> bool:
    contact = session.get(Contact, reply.contact_id) if reply.contact_id else None
    if contact is None or contact.store_id != store.id:
        return False
    return consents.undo(
        session,
        store,
        contact.phone,
        replies.dedupe_key(reply.provider_id),
        access.visitor().actor,
        runtime().clock.now(),
        hash_key=runtime().settings.hash_key,
    )
