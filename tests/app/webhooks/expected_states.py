"""The rows that each recorded, official or linked delivery leaves behind in a store that had none.

Read by eye against the payloads: Shopify's official orders are all cancelled (``cancelled_at``) test
orders, its checkouts carry numbers that are none (``555-625-1199``), a WooCommerce order that is
pending or a draft is a cart.
"""

from __future__ import annotations

from typing import Any

EXPECTED: dict[str, dict[str, Any]] = {
    "linked/01.checkouts.create": {
        "carts": ["open at cart: 1 for 600 USD, -, -"],
        "keys": ["checkout_token", "cart_token"],
    },
    "linked/02.checkouts.update.contact": {
        "carts": ["open at contact: 1 for 600 USD, henry@example.com, -"],
        "keys": ["checkout_token", "cart_token"],
    },
    "linked/03.checkouts.update.sms_consent": {
        "carts": ["open at shipping: 1 for 600 USD, henry@example.com, -"],
        "keys": ["checkout_token", "cart_token"],
        "contacts": ["+14235550123 henry@example.com Henry"],
        "consents": {"+14235550123": "given"},
    },
    "linked/04.checkouts.update.phone_only": {
        "carts": ["open at contact: 1 for 600 USD, -, -"],
        "keys": ["checkout_token", "cart_token"],
        "contacts": ["+14235550123 - -"],
    },
    "linked/05.checkouts.update.completed": {
        "carts": ["ordered at payment: 1 for 600 USD, henry@example.com, -"],
        "keys": ["checkout_token", "cart_token (free)"],
        "contacts": ["+14235550123 henry@example.com Henry"],
        "consents": {"+14235550123": "given"},
    },
    "linked/06.orders.create": {
        "contacts": ["+14235550123 henry@example.com Henry"],
        "orders": ["5778367414385 paid (test): 600 USD, back 0, -"],
    },
    "linked/07.orders.paid": {
        "contacts": ["+14235550123 henry@example.com Henry"],
        "orders": ["5778367414385 paid (test): 600 USD, back 0, -"],
    },
    "linked/08.fulfillments.create": {"parcels": ["success"]},
    "linked/09.fulfillment_events.create": {"parcels": ["out_for_delivery"]},
    "linked/10.refunds.create": {"refunds": ["85"]},
    "linked/11.customers_marketing_consent.update.unsubscribed": {"consents": {"+14235550123": "withdrawn"}},
    "linked/12.customers.data_request": {"requests": ["data_request open"]},
    "linked/13.customers.redact": {"requests": ["customer_redact done"]},
    "linked/14.shop.redact": {"requests": ["store_redact open"]},
    "official/2026-07.app.scopes_update": {},
    "official/2026-07.app.uninstalled": {"store": "uninstalled"},
    "official/2026-07.app_subscriptions.approaching_capped_amount": {"events": ["ignored"]},
    "official/2026-07.app_subscriptions.update": {"events": ["ignored"]},
    "official/2026-07.bulk_operations.finish": {"events": ["ignored"]},
    "official/2026-07.carts.create": {"carts": ["open at cart: 3 for -, -, -"], "keys": ["cart_token"]},
    "official/2026-07.carts.update": {"carts": ["open at cart: 3 for -, -, -"], "keys": ["cart_token"]},
    "official/2026-07.checkouts.create": {
        "carts": ["open at shipping: 2 for 421.88 USD, example@email.com, invalid_number"],
        "keys": ["checkout_token", "cart_token"],
    },
    "official/2026-07.checkouts.delete": {},
    "official/2026-07.checkouts.update": {
        "carts": ["open at shipping: 2 for 421.88 USD, example@email.com, invalid_number"],
        "keys": ["checkout_token", "cart_token"],
    },
    "official/2026-07.customers.create": {},
    "official/2026-07.customers.data_request": {"requests": ["data_request open"]},
    "official/2026-07.customers.delete": {"events": ["ignored"]},
    "official/2026-07.customers.merge": {"events": ["ignored"]},
    "official/2026-07.customers.redact": {"requests": ["customer_redact done"]},
    "official/2026-07.customers.update": {},
    "official/2026-07.customers_email_marketing_consent.update": {"events": ["ignored"]},
    "official/2026-07.customers_marketing_consent.update": {"events": ["ignored"]},
    "official/2026-07.customers_whats_app_marketing_consent.update": {"events": ["ignored"]},
    "official/2026-07.discounts.create": {"events": ["ignored"]},
    "official/2026-07.discounts.delete": {"events": ["ignored"]},
    "official/2026-07.discounts.update": {"events": ["ignored"]},
    "official/2026-07.fulfillment_events.create": {"parcels": ["in_transit"]},
    "official/2026-07.fulfillment_orders.order_routing_complete": {"events": ["ignored"]},
    "official/2026-07.fulfillments.create": {"parcels": ["pending"]},
    "official/2026-07.fulfillments.update": {"parcels": ["pending"]},
    "official/2026-07.order_transactions.create": {"events": ["ignored"]},
    "official/2026-07.orders.cancelled": {
        "orders": ["820982911946154508 cancelled (test): 404.95 USD, back 0, -"]
    },
    "official/2026-07.orders.create": {
        "orders": ["820982911946154508 cancelled (test): 404.95 USD, back 0, -"]
    },
    "official/2026-07.orders.delete": {},
    "official/2026-07.orders.edited": {"events": ["ignored"]},
    "official/2026-07.orders.fulfilled": {
        "orders": ["820982911946154508 cancelled (test): 404.95 USD, back 0, -"]
    },
    "official/2026-07.orders.paid": {
        "orders": ["820982911946154508 cancelled (test): 404.95 USD, back 0, -"]
    },
    "official/2026-07.orders.partially_fulfilled": {
        "orders": ["820982911946154508 cancelled (test): 404.95 USD, back 0, -"]
    },
    "official/2026-07.orders.updated": {
        "orders": ["820982911946154508 cancelled (test): 404.95 USD, back 0, -"]
    },
    "official/2026-07.refunds.create": {"refunds": ["85"]},
    "official/2026-07.returns.request": {"events": ["ignored"]},
    "official/2026-07.shop.redact": {"requests": ["store_redact open"]},
    "official/2026-07.shop.update": {},
    "recorded/2024-01.checkouts.1": {
        "carts": ["open at contact: 738 for -, -, -"],
        "keys": ["checkout_token", "cart_token"],
    },
    "recorded/2024-04.checkouts.1": {
        "carts": ["open at contact: 123 for -, eallam@example.com, invalid_number"],
        "keys": ["checkout_token", "cart_token"],
    },
    "recorded/2025-04.carts.1": {"carts": ["open at cart: 246 for -, -, -"], "keys": ["cart_token"]},
    "recorded/2025-04.checkouts.1": {
        "carts": ["open at cart: 246 for -, -, -"],
        "keys": ["checkout_token", "cart_token"],
    },
    "recorded/2025-04.customers_marketing_consent.1": {"events": ["ignored"]},
    "recorded/2025-04.fulfillments.1": {"parcels": ["example string"]},
    "recorded/2025-04.orders.1": {"orders": ["123 placed (real): 0 XXX, back 0, -"]},
    "woocommerce/0016-order.created": {
        "contacts": ["+15125550100 ann@shopper.example Ann"],
        "orders": ["23 placed (real): 48 USD, back 0, -"],
    },
    "woocommerce/0017-order.updated": {
        "contacts": ["+15125550100 ann@shopper.example Ann"],
        "orders": ["23 placed (real): 48 USD, back 0, -"],
    },
    "woocommerce/0018-product.updated": {"events": ["ignored"]},
    "woocommerce/0020-coupon.created": {"events": ["ignored"]},
    "woocommerce/0021-coupon.updated": {"events": ["ignored"]},
    "woocommerce/0022-customer.created": {},
    "woocommerce/0023-customer.updated": {},
    "woocommerce/0025-customer.updated": {},
    "woocommerce/0027-order.created": {
        "carts": ["open at payment: 3 for 73.4 USD, zoe@shopper.example, -"],
        "keys": ["woo_order"],
        "contacts": ["+15125550111 zoe@shopper.example Zoë"],
    },
    "woocommerce/0028-order.updated": {
        "carts": ["open at payment: 3 for 73.4 USD, zoe@shopper.example, -"],
        "keys": ["woo_order"],
        "contacts": ["+15125550111 zoe@shopper.example Zoë"],
    },
    "woocommerce/0029-order.updated": {
        "contacts": ["+15125550111 zoe@shopper.example Zoë"],
        "orders": ["25 placed (real): 73.4 USD, back 0, -"],
    },
    "woocommerce/0032-order.updated": {
        "contacts": ["+15125550111 zoe@shopper.example Zoë"],
        "orders": ["25 placed (real): 73.4 USD, back 5, -"],
    },
    "woocommerce/0033-order.updated": {
        "contacts": ["+15125550111 zoe@shopper.example Zoë"],
        "orders": ["25 paid (real): 73.4 USD, back 5, -"],
    },
    "woocommerce/0034-order.deleted": {},
    "woocommerce/0037-coupon.deleted": {"events": ["ignored"]},
    "woocommerce/0038-customer.deleted": {"events": ["ignored"]},
    "woocommerce/0051-order.updated": {
        "carts": ["open at contact: 5 for 125 USD, half@shopper.example, -"],
        "keys": ["woo_order"],
        "contacts": ["+15125550123 half@shopper.example -"],
    },
    "woocommerce/0065-action.woocommerce_cart_updated": {"events": ["ignored"]},
    "woocommerce/0066-action.woocommerce_add_to_cart": {"events": ["ignored"]},
    "woocommerce/0072-action.woocommerce_after_calculate_totals": {"events": ["ignored"]},
    "woocommerce/0075-action.woocommerce_checkout_order_processed": {"events": ["ignored"]},
    "woocommerce/0084-action.woocommerce_store_api_cart_update_customer_from_request": {
        "events": ["ignored"]
    },
    "woocommerce/0092-action.woocommerce_add_to_cart": {"events": ["ignored"]},
    "woocommerce/0098-order.updated": {
        "carts": ["open at shipping: 1 for 29 USD, pat@shopper.example, -"],
        "keys": ["woo_order"],
        "contacts": ["+15125550155 pat@shopper.example Pat"],
    },
}
