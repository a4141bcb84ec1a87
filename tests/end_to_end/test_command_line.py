"""Every command runs, on the data of a running Warmcart; what is wrong ends in one line."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
import requests
import structlog
from click.testing import CliRunner, Result
from sqlalchemy import select

from app.models import InboundEvent
from app.ops.command_line import main
from tests import factories
from tests.end_to_end.shoppers import Shopper
from tests.end_to_end.shops import Phone, ShopifyShop, connect_shopify, flow
from tests.end_to_end.stack import Stack
from tests.end_to_end.test_shopify import GERMAN_SHOP
from tests.standins.shopify import ShopifyStandin
from tests.standins.twilio import TwilioStandin
from tests.waiting import wait_until

DOMAIN = "commands.myshopify.com"
LEA = Shopper(
    phone="+4915112345961",
    country="DE",
    region=None,
    postcode="10115",
    locale="de-DE",
    email="lea@shopper.example",
    customer_id=7358220176961,
    checkout_token="1e" * 16,
    cart_token="hWN1leaTOKEN",
)
STARTED_ELSEWHERE = {"web", "worker", "scheduler", "run", "demo", "migrate"}
"""Commands that serve until they are stopped, or make a database: all other tests start them."""

Run = Callable[..., Result]


@pytest.fixture
def run(stack: Stack) -> Iterator[Run]:
    """Runs a command in this process, with the settings of the stack."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    environment = stack.environment()

    def run_it(*arguments: str, exit_code: int = 0, **settings: str | None) -> Result:
        result = CliRunner().invoke(main, arguments, env={**environment, **settings})
        assert result.exit_code == exit_code, (arguments, result.output, result.exception)
        return result

    yield run_it
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level


@pytest.fixture(scope="module")
def shop(running: Stack, shopify: ShopifyStandin, twilio: TwilioStandin) -> ShopifyShop:
    """A shop with a cart that was texted once."""
    shop = connect_shopify(running, shopify, DOMAIN, flow("PT0S", "PT1H"), **GERMAN_SHOP)
    body = LEA.checkout(DOMAIN, currency="EUR")
    assert shop.deliver("checkouts/update", body) == requests.codes.ok
    Phone(LEA.phone, twilio).wait_for_texts(1)
    shop.wait_for(LEA.checkout_token, "delivered")
    return shop


def leaves(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        path = (*before, name)
        if isinstance(command, click.Group):
            yield from leaves(command, path)
        else:
            yield path


def one_line(text: str) -> str:
    """The one line that a refusal consists of."""
    [line] = text.strip().splitlines()
    assert "Traceback" not in line
    return line


def test_every_command_is_run_here_or_started_elsewhere() -> None:
    source = Path(__file__).read_text()
    missing = [
        path
        for path in leaves(main)
        if path[0] not in STARTED_ELSEWHERE and "run(" + ", ".join(f'"{word}"' for word in path) not in source
    ]
    assert missing == []


@pytest.mark.parametrize("path", list(leaves(main)), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"])
    assert result.exit_code == 0
    assert "Usage: main " + " ".join(path) in result.output


def test_every_language_can_be_texted(run: Run) -> None:
    assert run("locale", "check").stdout == ""
    german = next(
        entry for entry in json.loads(run("locale", "check", "--json").stdout) if entry["language"] == "de"
    )
    assert german["findings"] == []
    assert german["texts"][0]["measure"]["segments"] == 1
    assert "| de | GSM-7 |" in run("locale", "check", "--markdown").stdout


def test_the_doctor_finds_what_a_test_does_wrong_and_nothing_else(run: Run) -> None:
    def wrong() -> list[str]:
        lines = run("doctor", exit_code=1).stdout.splitlines()
        assert any("PostgreSQL" in line for line in lines)
        return [line for line in lines if not line.startswith("ok")]

    wait_until(lambda: len(wrong()) == 1, what="every process has shown itself")
    assert "WARMCART_ALLOW_PRIVATE_STORES" in wrong()[0]


def test_the_doctor_names_what_cannot_be_reached(run: Run) -> None:
    gone = "unix:///no/such/socket"
    lines = run("doctor", exit_code=1, WARMCART_REDIS_URL=gone).stdout
    assert "WARMCART_REDIS_URL cannot be reached" in lines
    gone = "postgresql://nobody@/nothing?host=/no/such/folder"
    lines = run("doctor", exit_code=1, WARMCART_DATABASE_URL=gone).stdout
    assert "WARMCART_DATABASE_URL cannot be reached" in lines


def test_stores_are_listed(run: Run, shop: ShopifyShop) -> None:
    stores = json.loads(run("store", "list", "--json").stdout)
    assert {"domain": DOMAIN, "platform": "shopify", "status": "active"}.items() <= next(
        store for store in stores if store["domain"] == DOMAIN
    ).items()
    assert f"{DOMAIN}\tshopify\tactive" in run("store", "list").stdout


def test_a_season_is_run_dry(run: Run, shop: ShopifyShop, tmp_path: Path) -> None:
    before = run("flow", "export", DOMAIN).stdout
    season = {"season": "black_friday", "countries": ["DE"], "year": 2026, "active": True}
    file = tmp_path / "flow.json"
    file.write_text(json.dumps(json.loads(before) | {"seasons": [season]}))
    run("flow", "import", DOMAIN, str(file))
    (place,) = json.loads(run("season", "dry-run", DOMAIN, "black_friday", "--json").stdout)
    assert (place["country"], place["from"], place["to"]) == ("DE", "2026-11-27", "2026-11-30")
    assert run("season", "dry-run", DOMAIN, "black_friday").stdout.startswith("DE: black_friday")
    file.write_text(before)
    run("flow", "import", DOMAIN, str(file))


def test_a_flow_goes_out_and_comes_in_again(run: Run, shop: ShopifyShop, tmp_path: Path) -> None:
    exported = run("flow", "export", DOMAIN).stdout
    file = tmp_path / "flow.json"
    file.write_text(exported)
    assert "Abandoned cart: version" in run("flow", "import", DOMAIN, str(file)).stdout
    assert json.loads(run("flow", "export", DOMAIN).stdout) == json.loads(exported)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        (json.dumps(flow("PT0S") | {"surprise": 1}), "surprise"),
        (json.dumps(flow("PT0S") | {"version": 2}), "version"),
        (json.dumps(flow("soon")), "steps[0].delay"),
        (json.dumps([flow("PT0S"), flow("never")]), "flow 2"),
        ('"\\ud800"', "flow"),
        (
            json.dumps(flow("PT0S") | {"offers": {"exclude": {"products": ["Teapot"]}}}),
            "offers.exclude.products[0]: 'Teapot' is no id of a product: Shopify's are numbers",
        ),
    ],
    ids=[
        "no JSON",
        "too deep",
        "unknown key",
        "unknown form",
        "wrong delay",
        "one wrong of two",
        "no object",
        "a name",
    ],
)
def test_a_flow_that_is_wrong_changes_nothing_and_says_where(
    run: Run, shop: ShopifyShop, tmp_path: Path, content: str, problem: str
) -> None:
    before = run("flow", "export", DOMAIN).stdout
    file = tmp_path / "flow.json"
    file.write_text(content)
    assert problem in one_line(run("flow", "import", DOMAIN, str(file), exit_code=2).stderr)
    assert run("flow", "export", DOMAIN).stdout == before


def test_a_login_link_opens_the_pages_once(run: Run, shop: ShopifyShop) -> None:
    link = one_line(run("login-link", DOMAIN).stdout)
    with requests.Session() as browser:
        entered = browser.post(link, timeout=30)
        assert entered.status_code == requests.codes.ok
        assert browser.post(link, timeout=30).status_code == requests.codes.gone


def test_people_are_shown_known_or_not(run: Run, shop: ShopifyShop) -> None:
    shown = run("contact", "show", DOMAIN, "0151 12345961", "+4915199999999", "12", "--json").stdout
    lea, unknown, wrong = json.loads(shown)
    assert (lea["phone"], lea["consent"], len(lea["texts"])) == (LEA.phone, "given", 1)
    assert lea["zones"] == ["Europe/Berlin"]
    assert (unknown["consent"], unknown["texts"]) == ("none", [])
    assert wrong["problem"] == "invalid_number"
    assert [event["source"] for event in lea["consent_history"]] == ["shopify_checkout"]
    assert lea["consent_history"][0]["evidence"]["actor"] == "shopper"
    told = run("contact", "show", DOMAIN, LEA.phone).stdout
    assert "consent: given\nconfirmed: no\n" in told
    assert re.search(
        r"^consent_history:\n  - at: \S+, .*source: shopify_checkout, .*actor: shopper", told, re.M
    )


def test_a_year_is_lived_through_without_a_violation(run: Run) -> None:
    told = run("simulate", "--year", "2027", "--carts", "3").stdout
    assert told.splitlines()[-1] == "violations: 0"


def test_the_state_of_consent_is_what_the_ledger_says(run: Run, shop: ShopifyShop) -> None:
    assert one_line(run("consent", "rebuild", DOMAIN).stdout).endswith(" numbers, 0 differed.")


def test_consents_are_imported_from_a_file_and_every_refused_row_is_named(
    run: Run, shop: ShopifyShop, tmp_path: Path
) -> None:
    file = tmp_path / "consents.csv"
    file.write_text("phone,consented_at\n+4915112345999,2026-01-05\nhello,2026-01-05\n")
    about = (DOMAIN, str(file), "--source", "paper form")
    refused, summary = run("consent", "import", *about).stdout.splitlines()
    assert refused == "line 3: It is not a valid phone number."
    assert summary == "1 taken, 0 taken before, 1 refused."
    assert run("consent", "import", *about).stdout.splitlines()[-1] == "0 taken, 1 taken before, 1 refused."
    shown = json.loads(run("contact", "show", DOMAIN, "+4915112345999", "--json").stdout)
    assert (shown[0]["consent"], shown[0]["consent_history"][0]["source"]) == ("given", "import")
    blank = run("consent", "import", *about[:3], " ", exit_code=2).stderr
    assert one_line(blank) == "Error: --source is empty: say where these consents come from"
    file.write_text("number\n1\n")
    assert "it lacks phone and consented_at" in one_line(run("consent", "import", *about, exit_code=2).stderr)


def test_a_person_is_exported_and_erased(run: Run, shop: ShopifyShop, tmp_path: Path) -> None:
    phone, file = "+4915112345998", tmp_path / "consents.csv"
    file.write_text(f"phone,consented_at\n{phone},2026-01-05\n")
    run("consent", "import", DOMAIN, str(file), "--source", "paper form")
    told = json.loads(run("contact", "export", DOMAIN, phone).stdout)
    assert [row["source"] for row in told["tables"]["consent_event"]["rows"]] == ["import"]
    assert run("contact", "erase", DOMAIN, phone, "--yes").stdout == "Erased.\n"
    told = json.loads(run("contact", "export", DOMAIN, phone).stdout)
    assert [name for name, table in told["tables"].items() if table["rows"]] == []


def test_a_cart_is_shown_with_its_story(run: Run, shop: ShopifyShop) -> None:
    for key in (LEA.checkout_token, LEA.cart_token):
        told = json.loads(run("cart", "show", DOMAIN, key, "--json").stdout)
        assert told["state"] == "open"
        kinds = [line["kind"] for line in told["timeline"]]
        assert kinds[:2] == ["seen", "enrolled"]
        assert {"sending", "sent", "delivered"} <= set(kinds)
    assert "state: open" in run("cart", "show", DOMAIN, LEA.cart_token).stdout


def test_failed_events_are_listed_and_applied_again(run: Run, shop: ShopifyShop, stack: Stack) -> None:
    body = LEA.checkout(DOMAIN, currency="EUR")
    with stack.runtime.database.session() as session:
        named = {"dedupe_key": "commands:failed", "subject": f"cart:{LEA.cart_token}", "body": body}
        event = factories.make_inbound_event(
            session, shop.store(), **named, state="failed", error="KeyError in carts.py, line 1"
        )
    listed = run("events", "list").stdout
    assert f"{event.id}\t" in listed
    assert "KeyError in carts.py" in listed
    assert one_line(run("events", "retry", str(event.id)).stdout) == "1 events are pending again."

    def state() -> str:
        with stack.runtime.database.session() as session:
            return session.scalars(select(InboundEvent.state).where(InboundEvent.id == event.id)).one()

    wait_until(lambda: state() == "applied", what="the event is applied")
    assert one_line(run("events", "retry").stdout) == "0 events are pending again."
    assert one_line(run("events", "list").stderr) == "No event has failed."


def test_a_delivery_is_replayed_or_refused_with_a_reason(run: Run, shop: ShopifyShop, tmp_path: Path) -> None:
    file = tmp_path / "carts.json"
    file.write_text("{}")
    assert "does not tell the topic" in one_line(
        run("replay", "--store", DOMAIN, str(file), exit_code=2).stderr
    )
    named = tmp_path / "01.app_subscriptions.update.json"
    named.write_text("{}")
    assert one_line(run("replay", "--store", DOMAIN, str(named)).stdout) == f"200 {named}"
    away = ("--server", "http://127.0.0.1:1")
    refusal = run("replay", "--store", DOMAIN, *away, str(named), exit_code=2).stderr
    assert "is the server running?" in one_line(refusal)


@pytest.mark.parametrize(
    "arguments",
    [("flow", "export"), ("login-link",), ("contact", "show", "+491511"), ("cart", "show", "key")],
    ids=" ".join,
)
def test_a_store_that_is_not_there_is_named(run: Run, arguments: tuple[str, ...]) -> None:
    command = [*arguments]
    command.insert(2 if arguments[0] != "login-link" else 1, "nowhere.myshopify.com")
    line = one_line(run(*command, exit_code=1).stderr)
    assert line == "Error: no store nowhere.myshopify.com: see warmcart store list"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"WARMCART_PUBLIC_URL": "http://shop.example.com"}, "WARMCART_PUBLIC_URL must be https"),
        ({"WARMCART_DATABASE_URL": ""}, "WARMCART_DATABASE_URL is missing"),
        ({"WARMCART_ENCRYPTION_KEYS": "short"}, "WARMCART_ENCRYPTION_KEYS key 1 is not a Fernet key"),
        ({"WARMCART_TWILIO_AUTH_TOKEN": ""}, "WARMCART_TWILIO_AUTH_TOKEN is missing"),
        ({"WARMCART_CONTACT_CAPS": "PT1H"}, "WARMCART_CONTACT_CAPS is not a setting"),
    ],
    ids=["http in public", "missing", "no key", "half a provider", "unknown"],
)
@pytest.mark.parametrize(
    "command",
    [("web",), ("worker", "intake"), ("scheduler",), ("migrate",), ("store", "list")],
    ids=" ".join,
)
def test_a_wrong_setting_stops_every_start_with_one_line(
    run: Run, command: tuple[str, ...], settings: dict[str, str], told: str
) -> None:
    refused = run(*command, exit_code=2, **settings)
    assert told in one_line(refused.stderr)
    assert refused.stdout == ""


def test_a_wrong_setting_stops_a_process_with_one_line(stack: Stack) -> None:
    refused = stack.run("web", redis_url="redis-without-scheme")
    assert (refused.returncode, refused.stdout) == (2, "")
    wanted = "Error: WARMCART_REDIS_URL must begin with redis://, rediss:// or unix://"
    assert one_line(refused.stderr) == wanted
