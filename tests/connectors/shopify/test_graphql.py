from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import graphql
import pytest
import requests
import structlog

from connectors.platform import ConnectorError, Reconnect, Throttled, Unreachable
from connectors.shopify.graphql import BRISK, PATIENT, AdminClient, Patience, TooCostly, document
from connectors.shopify.tokens import TokenEndpoint
from tests.connectors.shopify.conftest import SHOP, Clock, Connect
from tests.standins.shopify import CLIENT_ID, CLIENT_SECRET, ShopifyStandin
from tests.standins.shopify_graphql import EXCERPT, admin_schema

QUERIES = Path(__file__).parents[3] / "connectors" / "shopify" / "queries"
OPERATIONS = sorted(file.stem for file in QUERIES.glob("*.graphql") if file.stem != "order_fragment")
LIST = {"first": 10, "after": None, "query": ""}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_valid_on_the_schema(operation: str) -> None:
    rules = [*graphql.specified_rules, graphql.NoDeprecatedCustomRule]
    assert graphql.validate(admin_schema(), graphql.parse(document(operation)), rules) == []


def test_the_excerpt_of_the_schema_says_what_the_schema_says() -> None:
    excerpt, whole = graphql.build_schema(EXCERPT.read_text()), admin_schema()
    for operation in OPERATIONS:
        assert graphql.validate(excerpt, graphql.parse(document(operation))) == []
    for name, kind in excerpt.type_map.items():
        if isinstance(kind, graphql.GraphQLObjectType) and not name.startswith("__"):
            original = whole.type_map[name]
            assert isinstance(original, graphql.GraphQLObjectType)
            for field, definition in kind.fields.items():
                assert str(definition.type) == str(original.fields[field].type)
                given = {argument: str(it.type) for argument, it in definition.args.items()}
                assert given == {
                    argument: str(it.type) for argument, it in original.fields[field].args.items()
                }
        if isinstance(kind, graphql.GraphQLInputObjectType):
            whole_input = whole.type_map[name]
            assert isinstance(whole_input, graphql.GraphQLInputObjectType)
            for field, entry in kind.fields.items():
                same = whole_input.fields[field]
                assert (str(entry.type), entry.default_value) == (str(same.type), same.default_value)
        if isinstance(kind, graphql.GraphQLEnumType) and not name.startswith("__"):
            assert sorted(kind.values) == sorted(whole.type_map[name].values)
        if isinstance(kind, graphql.GraphQLUnionType):
            members = {member.name for member in whole.type_map[name].types}
            assert {member.name for member in kind.types} <= members


def test_an_answer_holds_data_and_cost(connect: Connect, standin: ShopifyStandin) -> None:
    answer = connect(SHOP).ask("shop", {})
    assert answer.data["shop"] == standin.shop(SHOP).details
    assert answer.cost is not None
    assert 0 < answer.cost.requested < answer.cost.available <= answer.cost.maximum
    assert standin.complaints == []


def test_each_token_opens_its_own_shop_only(connect: Connect) -> None:
    first, second = connect(SHOP), connect("other.myshopify.com")
    names = [client.ask("shop", {}).data["shop"] for client in (first, second)]
    assert [name["name"] for name in names if isinstance(name, dict)] == ["good", "other"]


def test_an_expired_token_asks_the_merchant_to_come_back(connect: Connect, clock: Clock) -> None:
    client = connect(SHOP)
    clock.sleep(3601)
    with pytest.raises(Reconnect):
        client.ask("shop", {})


def test_a_renewed_token_is_used_at_once(
    standin: ShopifyStandin, session: requests.Session, clock: Clock
) -> None:
    standin.shop(SHOP)
    endpoint = TokenEndpoint(SHOP, CLIENT_ID, [CLIENT_SECRET], session, standin.url)
    held = [endpoint.exchange(standin.id_token(SHOP), clock())]
    client = AdminClient(SHOP, lambda: held[-1].access_token, session, standin.url, clock.sleep)
    clock.sleep(3601)
    held.append(endpoint.refresh(held[-1].refresh_token, clock()))
    assert client.ask("shop", {}).data


def test_a_throttled_query_waits_until_the_bucket_holds_enough(
    connect: Connect, standin: ShopifyStandin, clock: Clock
) -> None:
    client = connect(SHOP)
    cost = client.ask("orders_changed", LIST).cost
    assert cost is not None
    standin.buckets[SHOP].level = 0
    assert client.ask("orders_changed", LIST).data
    (waited,) = clock.slept
    assert cost.requested / 100 - 0.5 <= waited <= cost.requested / 100 + 1


def test_patience_with_a_throttled_store_ends(
    connect: Connect, standin: ShopifyStandin, clock: Clock
) -> None:
    client = connect(SHOP)
    standin.buckets[SHOP].restore_rate = 0.001
    standin.buckets[SHOP].level = 0
    with pytest.raises(Throttled) as asked:
        client.ask("orders_changed", LIST)
    assert asked.value.retry_after > PATIENT.longest_wait
    assert clock.slept == []


def test_a_text_that_waits_gets_an_answer_now_or_none(
    connect: Connect, standin: ShopifyStandin, clock: Clock
) -> None:
    client = connect(SHOP)
    standin.disturb(503)
    with pytest.raises(Unreachable):
        client.ask("shop", {}, BRISK)
    assert clock.slept == []


def test_retry_after_is_heeded(connect: Connect, standin: ShopifyStandin, clock: Clock) -> None:
    client = connect(SHOP)
    standin.disturb(429, Retry_After="3.0")
    assert client.ask("shop", {}).data
    (waited,) = clock.slept
    assert 3.0 <= waited <= 3.5


def test_a_server_error_is_tried_again_with_growing_pauses(
    connect: Connect, standin: ShopifyStandin, clock: Clock
) -> None:
    client = connect(SHOP)
    standin.disturb(502, times=3)
    assert client.ask("shop", {}).data
    assert [int(waited * 2) / 2 for waited in clock.slept] == [
        pytest.approx(pause, abs=0.5) for pause in (0.5, 1, 2)
    ]


def test_a_server_that_stays_down_is_unreachable(
    connect: Connect, standin: ShopifyStandin, clock: Clock
) -> None:
    client = connect(SHOP)
    standin.disturb(500, times=PATIENT.tries)
    with pytest.raises(Unreachable, match="500"):
        client.ask("shop", {})
    assert len(clock.slept) == PATIENT.tries - 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, Reconnect),
        (403, Reconnect),
        (402, Unreachable),
        (423, Unreachable),
        (404, ConnectorError),
        (400, ConnectorError),
        (302, Unreachable),
    ],
)
def test_what_each_status_means(
    connect: Connect, standin: ShopifyStandin, status: int, expected: type[ConnectorError]
) -> None:
    client = connect(SHOP)
    standin.disturb(status, Location="https://evil.example.com/")
    with pytest.raises(expected):
        client.ask("shop", {}, BRISK)


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"data": null}', '{"errors": "text"}'])
def test_an_answer_that_makes_no_sense_is_no_answer(
    connect: Connect, standin: ShopifyStandin, body: str
) -> None:
    client = connect(SHOP)
    standin.disturb(200, body=body)
    with pytest.raises(Unreachable):
        client.ask("shop", {}, BRISK)


def test_a_refused_query_names_the_code_only(connect: Connect, standin: ShopifyStandin) -> None:
    client = connect(SHOP)
    standin.disturb(200, body='{"errors": [{"message": "henry@x", "extensions": {"code": "ACCESS_DENIED"}}]}')
    with pytest.raises(ConnectorError, match="ACCESS_DENIED") as refusal:
        client.ask("shop", {}, BRISK)
    assert "henry" not in str(refusal.value)


def test_withheld_fields_leave_the_rest_of_the_answer(connect: Connect, standin: ShopifyStandin) -> None:
    client = connect(SHOP)
    standin.shop(SHOP).withheld.add("Shop.shopAddress")
    with structlog.testing.capture_logs() as logs, pytest.raises(ConnectorError):
        client.ask("shop", {})
    assert logs == []
    standin.shop(SHOP).withheld = {"ShopAddress.countryCodeV2"}
    with structlog.testing.capture_logs() as logs:
        answer = client.ask("shop", {})
    assert isinstance(answer.data["shop"], dict)
    assert answer.data["shop"]["shopAddress"] == {"countryCodeV2": None}
    expected = {"event": "shopify_fields_withheld", "operation": "shop", "codes": ["ACCESS_DENIED"]}
    assert logs == [expected | {"log_level": "warning"}]


def test_a_query_over_a_thousand_points_is_too_costly(connect: Connect) -> None:
    with pytest.raises(TooCostly):
        connect(SHOP).ask("abandoned_checkouts", LIST | {"first": 100})


@pytest.mark.parametrize(
    "variables",
    [{}, {"first": "ten", "query": ""}, LIST | {"more": 1}, {"first": 10, "query": "no_such_filter:1"}],
)
def test_the_stand_in_refuses_what_the_schema_does_not_allow(
    connect: Connect, standin: ShopifyStandin, variables: dict[str, object]
) -> None:
    client = connect(SHOP)
    with pytest.raises(ConnectorError):
        client.ask("orders_changed", variables, BRISK)
    assert standin.complaints


@pytest.fixture
def silent_url() -> Iterator[str]:
    """A server that takes the connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_silent_server_is_unreachable_and_no_token_shows(
    session: requests.Session, clock: Clock, silent_url: str
) -> None:
    client = AdminClient(SHOP, lambda: "shpat_secret", session, silent_url, clock.sleep)
    with pytest.raises(Unreachable) as failure:
        client.ask("shop", {}, Patience(timeout=0.05, tries=2, longest_wait=5.0))
    assert failure.value.__cause__ is None
    assert "shpat_secret" not in str(failure.value)
    assert len(clock.slept) == 1


def test_no_token_is_ever_sent_to_a_host_that_is_no_shop(session: requests.Session) -> None:
    with pytest.raises(ConnectorError):
        AdminClient("good.myshopify.com.evil.example.com", lambda: "shpat_secret", session)
