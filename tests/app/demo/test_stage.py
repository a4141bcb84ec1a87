from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from flask import Flask

from app import create_app, logins
from app.clock import FixedClock
from app.demo.words import LANGUAGES, messages
from app.models import Store
from app.web import EXTENSION
from flows import demo
from tests.app.demo.conftest import Stage
from tests.factories import make_settings, make_store


def demo_paths(app: Flask) -> list[str]:
    return [
        str(rule) for rule in app.url_map.iter_rules() if str(rule).startswith(("/demo", "/webhooks/demo"))
    ]


def test_without_the_setting_none_of_it_exists(
    stage: Stage, database_url: str, redis_url: str, clock: FixedClock
) -> None:
    plain = create_app(make_settings(database_url, redis_url), clock)
    paths = demo_paths(stage.app)
    assert len(paths) > 15
    assert demo_paths(plain) == []
    for path in paths:
        for method in ("GET", "POST"):
            address = (
                path.replace("<token>", "x").replace("<which>", "shop").replace("<path:filename>", "shop.css")
            )
            assert (
                plain.test_client().open(address.replace("<public_id>", "x"), method=method).status_code
                == 404
            )
    plain.extensions[EXTENSION].close()


def test_the_stage_leads_to_shop_phone_and_both_admins(stage: Stage) -> None:
    page = stage.visitor().get("/demo").text
    for way in ("/demo/shop", "/demo/phone", "/demo/admin/shop", "/demo/admin/sample"):
        assert f'"{way}"' in page


def test_the_visitor_chooses_country_and_language(stage: Stage) -> None:
    visitor = stage.visitor()
    answer = visitor.choose("sl", "SI", back="shelf")
    assert (answer.status_code, answer.location) == (303, "/demo/shop")
    page = visitor.get("/demo/shop").text
    assert messages("sl")["shop.hero_title"] in page
    assert '<option value="SI" selected>Slovenija' in page


def test_the_choice_goes_with_the_cart(stage: Stage) -> None:
    visitor = stage.visitor()
    visitor.put_in_cart()
    visitor.choose("pl", "IE")
    cart = visitor.cart(stage)
    assert (cart.language, cart.country) == ("pl", "IE")


@pytest.mark.parametrize(("language", "country"), [("xx", "GB"), ("en", "XX"), ("", ""), ("<b>", "GB")])
def test_a_choice_that_the_shop_does_not_offer_is_refused(stage: Stage, language: str, country: str) -> None:
    assert stage.visitor().choose(language, country).status_code == 400


def test_a_visitor_is_never_sent_to_another_site_after_choosing(stage: Stage) -> None:
    assert stage.visitor().choose("en", "GB", back="https://evil.example").location == "/demo"


def test_where_it_is_night_the_shop_moves_and_says_so(stage: Stage) -> None:
    page = stage.visitor("fr-FR").get("/demo/shop").text  # Saturday, 19:00: France has just closed
    assert "France, 19:00" in page
    assert "Autriche, 19:00" in page
    assert '<option value="AT" selected>' in page


def test_where_it_is_day_nothing_is_said(stage: Stage) -> None:
    assert "demo-note" not in stage.visitor("en-GB").get("/demo/shop").text


def test_whoever_chose_is_not_moved(stage: Stage) -> None:
    visitor = stage.visitor("fr-FR")
    visitor.choose("fr", "FR")
    page = visitor.get("/demo/shop").text
    assert '<option value="FR" selected>' in page
    assert "demo-note" not in page


def test_the_admin_opens_with_a_fresh_login_each_time(stage: Stage) -> None:
    with stage.runtime.database.session() as session:
        make_store(session, domain=demo.SAMPLE_DOMAIN, platform="demo", sample=True)
    visitor = stage.visitor()
    for which, domain in {"shop": demo.SHOP_DOMAIN, "sample": demo.SAMPLE_DOMAIN}.items():
        answer = visitor.post(f"/demo/admin/{which}")
        token = urlsplit(answer.location).path.removeprefix("/login/")
        with stage.runtime.database.session() as session:
            opened = logins.use_link(session, token, stage.runtime.clock.now())
            assert opened is not None
            assert opened.store.domain == domain
            person = logins.logged_in(session, opened.token, stage.runtime.clock.now())
            assert person is not None
            assert {one.domain for one in logins.stores_of(session, person)} == {
                demo.SHOP_DOMAIN,
                demo.SAMPLE_DOMAIN,
            }


def test_no_other_store_is_opened_from_here(stage: Stage) -> None:
    with stage.runtime.database.session() as session:
        make_store(session, domain=demo.SAMPLE_DOMAIN, platform="shopify")
        assert session.query(Store).count() == 2
    assert stage.visitor().post("/demo/admin/sample").status_code == 503
    assert stage.visitor().post("/demo/admin/another").status_code in (404, 503)


def test_all_languages_are_offered_by_their_own_names(stage: Stage) -> None:
    page = stage.visitor().get("/demo").text
    for name in LANGUAGES.values():
        assert name in page
