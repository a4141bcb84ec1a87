"""Bodies as the demo shop sends them."""

from __future__ import annotations

import json
from typing import Any

SECRET = "the-secret-of-the-demo-shop"

CART: dict[str, Any] = {
    "cart_token": "cart-1",
    "created_at": "2026-11-21T17:00:00+00:00",
    "updated_at": "2026-11-21T18:30:00+01:00",
    "currency": "EUR",
    "total": "72.50",
    "items": [
        {"title": "Fern teapot", "quantity": 1, "product_id": "teapot", "price": "48.00"},
        {"title": "Lime blossom honey", "quantity": 2, "product_id": "honey", "price": "12.25"},
    ],
    "locale": "de",
    "country": "AT",
    "phone": "0664 123456",
    "email": "Ana@Example.com",
    "first_name": "Ana",
    "consent_at": "2026-11-21T17:29:00+00:00",
    "consent_confirmed": False,
    "consent_wording": "Ja, ich will.",
    "restore_url": "https://shop.example.com/demo/shop/back/cart-1",
    "step": "contact",
}
ORDER: dict[str, Any] = {
    "order_id": "FK-1001",
    "number": "FK-1001",
    "cart_token": "cart-1",
    "placed_at": "2026-11-21T17:40:00+00:00",
    "updated_at": "2026-11-21T17:40:00+00:00",
    "currency": "EUR",
    "total": "72.50",
    "phone": "0664 123456",
    "country": "AT",
    "locale": "de",
    "status_url": "https://shop.example.com/demo/shop/orders/cart-1",
}


def body(of: dict[str, Any], **changed: Any) -> bytes:
    return json.dumps(of | changed).encode()
