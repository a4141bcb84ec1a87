"""The tables, one module per aggregate."""

from app.models.base import Base
from app.models.cart import Cart, CartKey, Fulfillment, Order, OrderKey, Recovery, Refund, TimelineEntry
from app.models.contact import Consent, ConsentEvent, Contact, ProofAttempt, Reply, SenderContact, Suppression
from app.models.discount import Discount
from app.models.event import InboundEvent
from app.models.figure import DailyCost, DailyFigure, HourFigure
from app.models.flow import Due, Enrollment, Flow, FlowVersion, Heartbeat, PeriodicRun, StoreFlag
from app.models.message import Click, Delivery, Link, Message, MessageOnce, ProviderState, SenderPace, Usage
from app.models.store import (
    AuditEvent,
    ComplianceRequest,
    Credential,
    DataExport,
    Handshake,
    LoginLink,
    LoginSession,
    Membership,
    Person,
    PluginCall,
    RetentionRun,
    SenderRegistration,
    Store,
)

__all__ = [
    "AuditEvent",
    "Base",
    "Cart",
    "CartKey",
    "Click",
    "ComplianceRequest",
    "Consent",
    "ConsentEvent",
    "Contact",
    "Credential",
    "DailyCost",
    "DailyFigure",
    "DataExport",
    "Delivery",
    "Discount",
    "Due",
    "Enrollment",
    "Flow",
    "FlowVersion",
    "Fulfillment",
    "Handshake",
    "HourFigure",
    "Heartbeat",
    "InboundEvent",
    "Link",
    "LoginLink",
    "LoginSession",
    "Membership",
    "Message",
    "MessageOnce",
    "Order",
    "OrderKey",
    "PeriodicRun",
    "Person",
    "PluginCall",
    "ProofAttempt",
    "ProviderState",
    "Recovery",
    "Refund",
    "Reply",
    "RetentionRun",
    "SenderContact",
    "SenderPace",
    "SenderRegistration",
    "Store",
    "StoreFlag",
    "Suppression",
    "TimelineEntry",
    "Usage",
]
