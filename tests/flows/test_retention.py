from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from app.config import Settings
from app.crypto import Cipher, Undecryptable, digest
from app.models import Cart, Credential, Handshake, InboundEvent, LoginLink
from app.runtime import Runtime
from flows import retention
from tests.factories import make_cart, make_credential, make_inbound_event, make_store

LATER = timedelta(hours=1)


def run(runtime: Runtime) -> None:
    retention.run(runtime, runtime.clock.now() + LATER)


@pytest.mark.parametrize(
    ("state", "age", "kept"),
    [
        ("applied", timedelta(days=13), True),
        ("applied", timedelta(days=15), False),
        ("ignored", timedelta(days=15), False),
        ("failed", timedelta(days=15), True),
        ("failed", timedelta(days=31), False),
    ],
)
def test_bodies_are_erased_when_their_time_is_over(runtime, state, age, kept):
    now = runtime.clock.now()
    with runtime.database.session() as session:
        store = make_store(session)
        event_id = make_inbound_event(session, store, state=state, received_at=now - age, body=b"{}").id

    run(runtime)

    with runtime.database.session() as session:
        event = session.get_one(InboundEvent, event_id)
        assert (event.body is not None) == kept
        assert event.state == state


def test_more_bodies_than_one_batch_are_erased_in_one_night(runtime, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    old = runtime.clock.now() - timedelta(days=20)
    with runtime.database.session() as session:
        store = make_store(session)
        for _ in range(5):
            make_inbound_event(session, store, state="applied", received_at=old, body=b"{}")

    assert retention.erase_bodies(runtime, runtime.clock.now() + LATER) == 5


def test_sign_ins_that_cannot_be_used_any_more_are_forgotten(runtime):
    now = runtime.clock.now()
    with runtime.database.session() as session:
        for name, end in (("old", now - timedelta(days=31)), ("fresh", now)):
            session.add(
                Handshake(
                    state_digest=digest(name), store_url="https://x.example", created_at=now, expires_at=end
                )
            )

    run(runtime)

    with runtime.database.session() as session:
        assert [row.state_digest for row in session.query(Handshake)] == [digest("fresh")]
        assert session.query(LoginLink).count() == 0


def rotated(runtime: Runtime, *keys: str) -> Runtime:
    settings = Settings(**{**vars(runtime.settings), "encryption_keys": keys})
    return Runtime(settings, runtime.clock, runtime.database, Cipher(keys), runtime.redis, runtime.waker)


def test_after_a_night_the_old_encryption_key_can_be_taken_away(runtime):
    old, new = runtime.settings.encryption_keys[0], Fernet.generate_key().decode()
    with runtime.database.session() as session:
        store = make_store(session)
        make_credential(session, runtime, store, "webhook_secret", {"secret": "s"})
        cart_id = make_cart(session, store, restore_url=runtime.cipher.encrypt("https://x.example/r")).id

    run(rotated(runtime, new, old))

    with runtime.database.session() as session:
        secret = session.get_one(Credential, (store.id, "webhook_secret")).secret
        restore_url = session.get_one(Cart, cart_id).restore_url
    assert Cipher([new]).decrypt_json(secret) == {"secret": "s"}
    assert Cipher([new]).decrypt(restore_url) == "https://x.example/r"
    with pytest.raises(Undecryptable):
        Cipher([old]).decrypt(restore_url)


def test_with_one_key_nothing_is_encrypted_anew(runtime):
    assert retention.renew_encryption(runtime, runtime.clock.now() + LATER) == 0
