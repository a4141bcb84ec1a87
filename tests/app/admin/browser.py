"""A browser without a screen: signs in, opens pages, fills in forms as they are printed."""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from flask import Flask
from werkzeug.test import TestResponse

from app import logins
from app.models import Store
from app.runtime import Runtime
from app.web import EXTENSION

HTML = "{http://www.w3.org/1999/xhtml}"


class Browser:
    """Follows redirects as a browser does; ``shop`` goes along with every address that lacks one."""

    def __init__(self, app: Flask) -> None:
        self.runtime: Runtime = app.extensions[EXTENSION]
        self.public_url = self.runtime.settings.public_url
        self.client = app.test_client()
        self.shop: str | None = None

    def sign_in(self, *stores: Store) -> None:
        """Through the front door, as one person who owns all these stores; the first one is opened."""
        with self.runtime.database.session() as session:
            now = self.runtime.clock.now()
            owner = logins.store_owner(session, stores[0], now)
            for store in stores[1:]:
                logins.join(session, store, owner, now)
            token = logins.make_login_link(session, stores[0], owner, now)
        answer = self.client.post(f"/login/{token}", base_url=self.public_url)
        assert answer.status_code == 303, answer.text
        self.shop = stores[0].domain

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(
            self._address(path), base_url=self.public_url, follow_redirects=True, **options
        )

    def post(self, path: str, form: dict[str, Any], **options: Any) -> TestResponse:
        return self.client.post(
            self._address(path), base_url=self.public_url, data=form, follow_redirects=True, **options
        )

    def send(self, page: TestResponse, path: str, **typed: Any) -> TestResponse:
        """Fill in the form of a page that is sent to ``path``, and send it; None unticks a box."""
        form = posted(page, path)
        values = printed_values(form) | typed
        values = {name: value for name, value in values.items() if value is not None}
        return self.post(form.attrib["action"], values)

    def send_to(self, page: TestResponse, path: str, target: str, **typed: Any) -> TestResponse:
        """As ``send``, to another address than the form's: a button's, or one that nobody printed."""
        form = posted(page, path)
        return self.post(target, printed_values(form) | typed)

    def _address(self, path: str) -> str:
        if self.shop is None or "shop=" in path:
            return path
        return f"{path}{'&' if '?' in path else '?'}shop={self.shop}"


def posted(page: TestResponse, path: str) -> Element:
    """The form of a page that changes something at ``path``."""
    forms = [form for form in find(page, "form") if form.attrib["method"] == "post"]
    return next(form for form in forms if form.attrib["action"].split("?")[0] == path)


def parse(page: TestResponse) -> Element:
    """The page's tree. Fails on anything that is not well-formed HTML."""
    tree: Element = html5lib.HTMLParser(strict=True).parse(page.text)
    return tree


def find(page: TestResponse, name: str) -> list[Element]:
    return list(parse(page).iter(HTML + name))


def words(page: TestResponse) -> str:
    """All that a reader reads, with single spaces."""
    main = next(element for element in find(page, "main"))
    return re.sub(r"\s+", " ", " ".join(main.itertext())).strip()


def printed_values(form: Element) -> dict[str, Any]:
    """What a form sends if nothing is typed: several values of one name become a list."""
    values: dict[str, list[str]] = {}
    for field in form.iter():
        name, kind = field.attrib.get("name"), field.attrib.get("type")
        if name is None or (kind in ("checkbox", "radio") and "checked" not in field.attrib):
            continue
        if field.tag == HTML + "input":
            values.setdefault(name, []).append(field.attrib.get("value", ""))
        elif field.tag == HTML + "select":
            options = list(field.iter(HTML + "option"))
            chosen = [option for option in options if "selected" in option.attrib] or options[:1]
            values.setdefault(name, []).extend(option.attrib["value"] for option in chosen)
    return {name: found if len(found) > 1 else found[0] for name, found in values.items()}
