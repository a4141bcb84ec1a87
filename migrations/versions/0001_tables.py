"""The tables of the first release"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_tables"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("process", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "periodic_run",
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("task", "slot", name=op.f("pk_periodic_run")),
    )
    op.create_table(
        "person",
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("external_id", name=op.f("uq_person_external_id")),
    )
    op.create_table(
        "provider_state",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "sender", "country", name=op.f("pk_provider_state")),
    )
    op.create_table(
        "store",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("platform_store_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("ships_to", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("countries", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("name_products", sa.Boolean(), nullable=False),
        sa.Column(
            "unnamed_products", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("platform_version", sa.Text(), nullable=True),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uninstalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("webhooks_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("webhooks_active", sa.BigInteger(), nullable=True),
        sa.Column("setup_dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'paused', 'reconnect', 'uninstalled')", name=op.f("ck_store_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store")),
        sa.UniqueConstraint("domain", name=op.f("uq_store_domain")),
        sa.UniqueConstraint("public_id", name=op.f("uq_store_public_id")),
    )
    op.create_table(
        "suppression",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("number_hash", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
        sa.UniqueConstraint(
            "domain", "channel", "number_hash", name=op.f("uq_suppression_domain_channel_number_hash")
        ),
    )
    op.create_table(
        "audit_event",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_audit_event_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_audit_event_store_id_id")),
    )
    op.create_index(
        op.f("ix_audit_event_store_id_occurred_at"), "audit_event", ["store_id", "occurred_at"], unique=False
    )
    op.create_table(
        "consent",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_consent_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", "channel", "address", name=op.f("pk_consent")),
    )
    op.create_table(
        "consent_event",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checkout_created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_consent_event_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_event")),
        sa.UniqueConstraint(
            "store_id",
            "channel",
            "address",
            "dedupe_key",
            name=op.f("uq_consent_event_store_id_channel_address_dedupe_key"),
        ),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_consent_event_store_id_id")),
    )
    op.create_table(
        "contact",
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("address_country", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("unreachable_reason", sa.Text(), nullable=True),
        sa.Column("unreachable_count", sa.BigInteger(), nullable=False),
        sa.Column("texted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_contact_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_contact_store_id_id")),
        sa.UniqueConstraint("store_id", "phone", name=op.f("uq_contact_store_id_phone")),
    )
    op.create_index(
        op.f("ix_contact_store_id_customer_id"), "contact", ["store_id", "customer_id"], unique=False
    )
    op.create_index(op.f("ix_contact_store_id_email"), "contact", ["store_id", "email"], unique=False)
    op.create_table(
        "credential",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_credential_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", "kind", name=op.f("pk_credential")),
    )
    op.create_table(
        "daily_cost",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("texts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("segments", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("unpriced", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("cost", sa.Numeric(precision=16, scale=4), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_daily_cost_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", "day", "currency", "provider", name=op.f("pk_daily_cost")),
    )
    op.create_table(
        "daily_figure",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("step_key", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("texts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("delivered", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("clicked", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("converted", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("segments", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("carts_texted", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("carts_recovered", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("orders", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("orders_clicked", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("revenue", sa.Numeric(precision=16, scale=4), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "revenue_clicked", sa.Numeric(precision=16, scale=4), server_default=sa.text("0"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_daily_figure_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "store_id", "day", "currency", "step_key", "country", "language", name=op.f("pk_daily_figure")
        ),
    )
    op.create_table(
        "due",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("once_key", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_due_store_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due")),
        sa.UniqueConstraint("once_key", name=op.f("uq_due_once_key")),
    )
    op.create_index(op.f("ix_due_kind_due_at"), "due", ["kind", "due_at"], unique=False)
    op.create_index(op.f("ix_due_kind_lane_due_at_id"), "due", ["kind", "lane", "due_at", "id"], unique=False)
    op.create_table(
        "flow",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("trigger_type", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("current_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_flow_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_flow_store_id_id")),
        sa.UniqueConstraint("store_id", "name", name=op.f("uq_flow_store_id_name")),
    )
    op.create_index(
        "uq_flow_active",
        "flow",
        ["store_id", "trigger_type"],
        unique=True,
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "handshake",
        sa.Column("state_digest", sa.Text(), nullable=False),
        sa.Column("store_url", sa.Text(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_handshake_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_handshake_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handshake")),
        sa.UniqueConstraint("state_digest", name=op.f("uq_handshake_state_digest")),
    )
    op.create_index(op.f("ix_handshake_expires_at"), "handshake", ["expires_at"], unique=False)
    op.create_table(
        "inbound_event",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("mentions", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "headers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("triggered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'applied', 'ignored', 'failed')", name=op.f("ck_inbound_event_state")
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_inbound_event_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_event")),
        sa.UniqueConstraint("source", "dedupe_key", name=op.f("uq_inbound_event_source_dedupe_key")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_inbound_event_store_id_id")),
    )
    op.create_index(
        "ix_inbound_event_erasable",
        "inbound_event",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("body IS NOT NULL"),
    )
    op.create_index(
        "ix_inbound_event_failed",
        "inbound_event",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index(
        "ix_inbound_event_mentions",
        "inbound_event",
        ["mentions"],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_inbound_event_pending",
        "inbound_event",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_inbound_event_subject",
        "inbound_event",
        ["source", "subject", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "login_link",
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_login_link_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_login_link_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_link")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_login_link_store_id_id")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_login_link_token_digest")),
    )
    op.create_table(
        "login_session",
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_login_session_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_login_session_token_digest")),
    )
    op.create_index(op.f("ix_login_session_expires_at"), "login_session", ["expires_at"], unique=False)
    op.create_table(
        "membership",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_membership_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_membership_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_membership_store_id_id")),
        sa.UniqueConstraint("store_id", "person_id", name=op.f("uq_membership_store_id_person_id")),
    )
    op.create_index(op.f("ix_membership_person_id"), "membership", ["person_id"], unique=False)
    op.create_table(
        "message_once",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("once_key", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_message_once_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", "once_key", name=op.f("pk_message_once")),
    )
    op.create_table(
        "fulfillment",
        sa.Column("platform_fulfillment_id", sa.Text(), nullable=False),
        sa.Column("platform_order_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("platform_updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_fulfillment_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fulfillment")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_fulfillment_store_id_id")),
        sa.UniqueConstraint(
            "store_id",
            "platform_fulfillment_id",
            name=op.f("uq_fulfillment_store_id_platform_fulfillment_id"),
        ),
    )
    op.create_index(
        op.f("ix_fulfillment_store_id_platform_order_id"),
        "fulfillment",
        ["store_id", "platform_order_id"],
        unique=False,
    )
    op.create_table(
        "refund",
        sa.Column("platform_refund_id", sa.Text(), nullable=False),
        sa.Column("platform_order_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=16, scale=4), nullable=False),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_refund_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_refund_store_id_id")),
        sa.UniqueConstraint(
            "store_id", "platform_refund_id", name=op.f("uq_refund_store_id_platform_refund_id")
        ),
    )
    op.create_index(
        op.f("ix_refund_store_id_platform_order_id"),
        "refund",
        ["store_id", "platform_order_id"],
        unique=False,
    )
    op.create_table(
        "store_flag",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_store_flag_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", "name", "value", name=op.f("pk_store_flag")),
    )
    op.create_table(
        "usage",
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("segments", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.Numeric(precision=16, scale=4), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_usage_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage")),
        sa.UniqueConstraint("store_id", "delivery_id", name=op.f("uq_usage_store_id_delivery_id")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_usage_store_id_id")),
    )
    op.create_index(op.f("ix_usage_store_id_occurred_at"), "usage", ["store_id", "occurred_at"], unique=False)
    op.create_table(
        "cart",
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("total", sa.Numeric(precision=16, scale=4), nullable=True),
        sa.Column("presentment_currency", sa.Text(), nullable=True),
        sa.Column("presentment_total", sa.Numeric(precision=16, scale=4), nullable=True),
        sa.Column(
            "items", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("phone_problem", sa.Text(), nullable=True),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("restore_url", sa.Text(), nullable=True),
        sa.Column("platform_created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("platform_updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("items_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activity_print", sa.Text(), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("texts_sent", sa.BigInteger(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("state IN ('open', 'emptied', 'ordered', 'expired')", name=op.f("ck_cart_state")),
        sa.ForeignKeyConstraint(
            ["store_id", "contact_id"],
            ["contact.store_id", "contact.id"],
            name=op.f("fk_cart_store_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_cart_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_cart_store_id_id")),
    )
    op.create_index(
        op.f("ix_cart_store_id_activity_at_id"), "cart", ["store_id", "activity_at", "id"], unique=False
    )
    op.create_index(op.f("ix_cart_store_id_contact_id"), "cart", ["store_id", "contact_id"], unique=False)
    op.create_table(
        "compliance_request",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("inbound_event_id", sa.BigInteger(), nullable=True),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "inbound_event_id"],
            ["inbound_event.store_id", "inbound_event.id"],
            name=op.f("fk_compliance_request_store_id_inbound_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_compliance_request_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compliance_request")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_compliance_request_store_id_id")),
        sa.UniqueConstraint(
            "store_id", "kind", "dedupe_key", name=op.f("uq_compliance_request_store_id_kind_dedupe_key")
        ),
    )
    op.create_index(
        op.f("ix_compliance_request_due_at"),
        "compliance_request",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("acted_at IS NULL"),
    )
    op.create_table(
        "enrollment",
        sa.Column("flow_id", sa.BigInteger(), nullable=False),
        sa.Column("flow_version", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("step_index", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("state IN ('active', 'completed', 'ended')", name=op.f("ck_enrollment_state")),
        sa.ForeignKeyConstraint(
            ["store_id", "contact_id"],
            ["contact.store_id", "contact.id"],
            name=op.f("fk_enrollment_store_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "flow_id"], ["flow.store_id", "flow.id"], name=op.f("fk_enrollment_store_id_flow_id")
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_enrollment_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollment")),
        sa.UniqueConstraint(
            "flow_id",
            "subject_type",
            "subject_id",
            "round",
            name=op.f("uq_enrollment_flow_id_subject_type_subject_id_round"),
        ),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_enrollment_store_id_id")),
    )
    op.create_index(
        op.f("ix_enrollment_store_id_contact_id"),
        "enrollment",
        ["store_id", "contact_id"],
        unique=False,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        op.f("ix_enrollment_store_id_subject_type_subject_id"),
        "enrollment",
        ["store_id", "subject_type", "subject_id"],
        unique=False,
    )
    op.create_table(
        "flow_version",
        sa.Column("flow_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "flow_id"],
            ["flow.store_id", "flow.id"],
            name=op.f("fk_flow_version_store_id_flow_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_flow_version_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_version")),
        sa.UniqueConstraint(
            "store_id", "flow_id", "version", name=op.f("uq_flow_version_store_id_flow_id_version")
        ),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_flow_version_store_id_id")),
    )
    op.create_table(
        "reply",
        sa.Column("store_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("from_number", sa.Text(), nullable=False),
        sa.Column("to_number", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("needs_person", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "contact_id"],
            ["contact.store_id", "contact.id"],
            name=op.f("fk_reply_store_id_contact_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_reply_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
        sa.UniqueConstraint("provider", "provider_id", name=op.f("uq_reply_provider_provider_id")),
    )
    op.create_index(op.f("ix_reply_store_id_received_at"), "reply", ["store_id", "received_at"], unique=False)
    op.create_table(
        "sender_contact",
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("texted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "contact_id"],
            ["contact.store_id", "contact.id"],
            name=op.f("fk_sender_contact_store_id_contact_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_sender_contact_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sender", "phone", "store_id", name=op.f("pk_sender_contact")),
    )
    op.create_table(
        "cart_key",
        sa.Column("cart_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("in_use", sa.Boolean(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "cart_id"],
            ["cart.store_id", "cart.id"],
            name=op.f("fk_cart_key_store_id_cart_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_cart_key_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart_key")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_cart_key_store_id_id")),
    )
    op.create_index(op.f("ix_cart_key_store_id_cart_id"), "cart_key", ["store_id", "cart_id"], unique=False)
    op.create_index(
        op.f("ix_cart_key_store_id_kind_value"), "cart_key", ["store_id", "kind", "value"], unique=False
    )
    op.create_index(
        "uq_cart_key_open",
        "cart_key",
        ["store_id", "kind", "value"],
        unique=True,
        postgresql_where=sa.text("in_use"),
    )
    op.create_table(
        "message",
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("cart_id", sa.BigInteger(), nullable=True),
        sa.Column("enrollment_id", sa.BigInteger(), nullable=True),
        sa.Column("flow_id", sa.BigInteger(), nullable=True),
        sa.Column("step_key", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("language_reason", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("segments", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("link_token", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("clicked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("validity_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("final_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "status IN ('sending', 'accepted', 'sent', 'delivered', 'undelivered', 'failed')",
            name=op.f("ck_message_status"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "cart_id"], ["cart.store_id", "cart.id"], name=op.f("fk_message_store_id_cart_id")
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "contact_id"],
            ["contact.store_id", "contact.id"],
            name=op.f("fk_message_store_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "enrollment_id"],
            ["enrollment.store_id", "enrollment.id"],
            name=op.f("fk_message_store_id_enrollment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_message_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_message_store_id_id")),
    )
    op.create_index(
        "ix_message_open",
        "message",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.create_index(
        op.f("ix_message_store_id_accepted_at"), "message", ["store_id", "accepted_at"], unique=False
    )
    op.create_index(op.f("ix_message_store_id_cart_id"), "message", ["store_id", "cart_id"], unique=False)
    op.create_index(
        op.f("ix_message_store_id_contact_id_created_at"),
        "message",
        ["store_id", "contact_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_message_store_id_created_at_id"), "message", ["store_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "order",
        sa.Column("platform_order_id", sa.Text(), nullable=False),
        sa.Column("cart_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total", sa.Numeric(precision=16, scale=4), nullable=False),
        sa.Column("presentment_currency", sa.Text(), nullable=True),
        sa.Column("presentment_total", sa.Numeric(precision=16, scale=4), nullable=True),
        sa.Column("refunded", sa.Numeric(precision=16, scale=4), server_default=sa.text("0"), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("status_url", sa.Text(), nullable=True),
        sa.Column(
            "discount_codes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("fulfillment_status", sa.Text(), nullable=True),
        sa.Column("fulfillment_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("platform_updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "cart_id"], ["cart.store_id", "cart.id"], name=op.f("fk_order_store_id_cart_id")
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "contact_id"],
            ["contact.store_id", "contact.id"],
            name=op.f("fk_order_store_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_order_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_order_store_id_id")),
        sa.UniqueConstraint(
            "store_id", "platform_order_id", name=op.f("uq_order_store_id_platform_order_id")
        ),
    )
    op.create_index(op.f("ix_order_store_id_cart_id"), "order", ["store_id", "cart_id"], unique=False)
    op.create_index(
        op.f("ix_order_store_id_contact_id_placed_at"),
        "order",
        ["store_id", "contact_id", "placed_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_order_store_id_customer_id_placed_at"),
        "order",
        ["store_id", "customer_id", "placed_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_order_store_id_email_placed_at"), "order", ["store_id", "email", "placed_at"], unique=False
    )
    op.create_index(op.f("ix_order_store_id_placed_at"), "order", ["store_id", "placed_at"], unique=False)
    op.create_table(
        "timeline_entry",
        sa.Column("cart_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("step_key", sa.Text(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "cart_id"],
            ["cart.store_id", "cart.id"],
            name=op.f("fk_timeline_entry_store_id_cart_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_timeline_entry_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_entry")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_timeline_entry_store_id_id")),
    )
    op.create_index(
        op.f("ix_timeline_entry_store_id_cart_id_occurred_at_id"),
        "timeline_entry",
        ["store_id", "cart_id", "occurred_at", "id"],
        unique=False,
    )
    op.create_table(
        "delivery",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "message_id"],
            ["message.store_id", "message.id"],
            name=op.f("fk_delivery_store_id_message_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_delivery_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("provider", "provider_id", name=op.f("uq_delivery_provider_provider_id")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_delivery_store_id_id")),
        sa.UniqueConstraint(
            "store_id", "message_id", "attempt", name=op.f("uq_delivery_store_id_message_id_attempt")
        ),
    )
    op.create_table(
        "link",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("cart_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("previewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "cart_id"],
            ["cart.store_id", "cart.id"],
            name=op.f("fk_link_store_id_cart_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "message_id"],
            ["message.store_id", "message.id"],
            name=op.f("fk_link_store_id_message_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_link_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_link_store_id_id")),
        sa.UniqueConstraint("token", name=op.f("uq_link_token")),
    )
    op.create_index(op.f("ix_link_store_id_cart_id"), "link", ["store_id", "cart_id"], unique=False)
    op.create_index(op.f("ix_link_store_id_contact_id"), "link", ["store_id", "contact_id"], unique=False)
    op.create_table(
        "recovery",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("cart_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("clicked", sa.Boolean(), nullable=False),
        sa.Column("recovered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "cart_id"], ["cart.store_id", "cart.id"], name=op.f("fk_recovery_store_id_cart_id")
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id"],
            ["order.store_id", "order.id"],
            name=op.f("fk_recovery_store_id_order_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_recovery_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_recovery_store_id_id")),
        sa.UniqueConstraint("store_id", "order_id", name=op.f("uq_recovery_store_id_order_id")),
    )
    op.create_index(op.f("ix_recovery_store_id_cart_id"), "recovery", ["store_id", "cart_id"], unique=False)
    op.create_index(
        op.f("ix_recovery_store_id_recovered_at"), "recovery", ["store_id", "recovered_at"], unique=False
    )
    op.create_table(
        "click",
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("human", sa.Boolean(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "link_id"],
            ["link.store_id", "link.id"],
            name=op.f("fk_click_store_id_link_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_click_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_click")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_click_store_id_id")),
    )
    op.create_index(
        op.f("ix_click_store_id_link_id_occurred_at"),
        "click",
        ["store_id", "link_id", "occurred_at"],
        unique=False,
    )
    op.create_table(
        "order_key",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id"],
            ["order.store_id", "order.id"],
            name=op.f("fk_order_key_store_id_order_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name=op.f("fk_order_key_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_key")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_order_key_store_id_id")),
        sa.UniqueConstraint(
            "store_id", "order_id", "kind", "value", name=op.f("uq_order_key_store_id_order_id_kind_value")
        ),
    )
    op.create_index(
        op.f("ix_order_key_store_id_kind_value"), "order_key", ["store_id", "kind", "value"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_order_key_store_id_kind_value"), table_name="order_key")
    op.drop_table("order_key")
    op.drop_index(op.f("ix_click_store_id_link_id_occurred_at"), table_name="click")
    op.drop_table("click")
    op.drop_index(op.f("ix_recovery_store_id_recovered_at"), table_name="recovery")
    op.drop_index(op.f("ix_recovery_store_id_cart_id"), table_name="recovery")
    op.drop_table("recovery")
    op.drop_index(op.f("ix_link_store_id_contact_id"), table_name="link")
    op.drop_index(op.f("ix_link_store_id_cart_id"), table_name="link")
    op.drop_table("link")
    op.drop_table("delivery")
    op.drop_index(op.f("ix_timeline_entry_store_id_cart_id_occurred_at_id"), table_name="timeline_entry")
    op.drop_table("timeline_entry")
    op.drop_index(op.f("ix_order_store_id_placed_at"), table_name="order")
    op.drop_index(op.f("ix_order_store_id_email_placed_at"), table_name="order")
    op.drop_index(op.f("ix_order_store_id_customer_id_placed_at"), table_name="order")
    op.drop_index(op.f("ix_order_store_id_contact_id_placed_at"), table_name="order")
    op.drop_index(op.f("ix_order_store_id_cart_id"), table_name="order")
    op.drop_table("order")
    op.drop_index(op.f("ix_message_store_id_created_at_id"), table_name="message")
    op.drop_index(op.f("ix_message_store_id_contact_id_created_at"), table_name="message")
    op.drop_index(op.f("ix_message_store_id_cart_id"), table_name="message")
    op.drop_index(op.f("ix_message_store_id_accepted_at"), table_name="message")
    op.drop_index("ix_message_open", table_name="message", postgresql_where=sa.text("status = 'sending'"))
    op.drop_table("message")
    op.drop_index("uq_cart_key_open", table_name="cart_key", postgresql_where=sa.text("in_use"))
    op.drop_index(op.f("ix_cart_key_store_id_kind_value"), table_name="cart_key")
    op.drop_index(op.f("ix_cart_key_store_id_cart_id"), table_name="cart_key")
    op.drop_table("cart_key")
    op.drop_table("sender_contact")
    op.drop_index(op.f("ix_reply_store_id_received_at"), table_name="reply")
    op.drop_table("reply")
    op.drop_table("flow_version")
    op.drop_index(op.f("ix_enrollment_store_id_subject_type_subject_id"), table_name="enrollment")
    op.drop_index(
        op.f("ix_enrollment_store_id_contact_id"),
        table_name="enrollment",
        postgresql_where=sa.text("state = 'active'"),
    )
    op.drop_table("enrollment")
    op.drop_index(
        op.f("ix_compliance_request_due_at"),
        table_name="compliance_request",
        postgresql_where=sa.text("acted_at IS NULL"),
    )
    op.drop_table("compliance_request")
    op.drop_index(op.f("ix_cart_store_id_contact_id"), table_name="cart")
    op.drop_index(op.f("ix_cart_store_id_activity_at_id"), table_name="cart")
    op.drop_table("cart")
    op.drop_index(op.f("ix_usage_store_id_occurred_at"), table_name="usage")
    op.drop_table("usage")
    op.drop_table("store_flag")
    op.drop_index(op.f("ix_refund_store_id_platform_order_id"), table_name="refund")
    op.drop_table("refund")
    op.drop_index(op.f("ix_fulfillment_store_id_platform_order_id"), table_name="fulfillment")
    op.drop_table("fulfillment")
    op.drop_table("message_once")
    op.drop_index(op.f("ix_membership_person_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_login_session_expires_at"), table_name="login_session")
    op.drop_table("login_session")
    op.drop_table("login_link")
    op.drop_index(
        "ix_inbound_event_subject", table_name="inbound_event", postgresql_where=sa.text("state = 'pending'")
    )
    op.drop_index(
        "ix_inbound_event_pending", table_name="inbound_event", postgresql_where=sa.text("state = 'pending'")
    )
    op.drop_index(
        "ix_inbound_event_mentions",
        table_name="inbound_event",
        postgresql_using="gin",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_index(
        "ix_inbound_event_failed", table_name="inbound_event", postgresql_where=sa.text("state = 'failed'")
    )
    op.drop_index(
        "ix_inbound_event_erasable", table_name="inbound_event", postgresql_where=sa.text("body IS NOT NULL")
    )
    op.drop_table("inbound_event")
    op.drop_index(op.f("ix_handshake_expires_at"), table_name="handshake")
    op.drop_table("handshake")
    op.drop_index("uq_flow_active", table_name="flow", postgresql_where=sa.text("active"))
    op.drop_table("flow")
    op.drop_index(op.f("ix_due_kind_lane_due_at_id"), table_name="due")
    op.drop_index(op.f("ix_due_kind_due_at"), table_name="due")
    op.drop_table("due")
    op.drop_table("daily_figure")
    op.drop_table("daily_cost")
    op.drop_table("credential")
    op.drop_index(op.f("ix_contact_store_id_email"), table_name="contact")
    op.drop_index(op.f("ix_contact_store_id_customer_id"), table_name="contact")
    op.drop_table("contact")
    op.drop_table("consent_event")
    op.drop_table("consent")
    op.drop_index(op.f("ix_audit_event_store_id_occurred_at"), table_name="audit_event")
    op.drop_table("audit_event")
    op.drop_table("suppression")
    op.drop_table("store")
    op.drop_table("provider_state")
    op.drop_table("person")
    op.drop_table("periodic_run")
    op.drop_table("heartbeat")
