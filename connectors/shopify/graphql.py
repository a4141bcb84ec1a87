"""A client for the Admin GraphQL API, version 2026-10.

Our own, because neither Shopify library keeps what an answer with errors still tells: shopifyapi's
``GraphQL().execute`` has no time limit, prints bodies and ignores cost; shopifyapp's
``admin_graphql_request`` drops partial data and cost, never reads Retry-After and does not retry a
throttled answer (shopifyapi 12.7.0 and shopifyapp 1.0.2, read and executed).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import requests
import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tenacity.wait import wait_combine, wait_random

from connectors.platform import ConnectorError, Reconnect, Throttled, Unreachable
from connectors.shopify.addresses import shop_domain
from connectors.shopify.fields import Record, amount, record, records
from connectors.shopify.http import TIMEOUT, json_of, retry_after

API_VERSION = "2026-10"

_JITTER = 0.5
_FIRST_PAUSE = 0.5
_FALLBACK_RATE = 100.0
"""Points a second that the smallest plan restores (Shopify documentation, rate-limits, 2026-10)."""

log = structlog.get_logger()


class TooCostly(ConnectorError):
    """The query asks for more than 1,000 points at once: ask for less per page."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer may take: seconds per try, how many tries, the longest wait between two; and after
    which failures there is another one."""

    timeout: float
    tries: int
    longest_wait: float
    failures: tuple[type[ConnectorError], ...] = (Throttled, Unreachable)


PATIENT = Patience(timeout=TIMEOUT, tries=5, longest_wait=30.0)
BRISK = Patience(timeout=3.0, tries=1, longest_wait=0.0)
"""For a question that a text waits for: an answer now, or none."""
SHORT = Patience(timeout=3.0, tries=4, longest_wait=1.0, failures=(Throttled,))
"""For a question that many texts ask at once: a store's points are back in a moment."""
WRITING = Patience(timeout=5.0, tries=4, longest_wait=1.0, failures=(Throttled,))
"""For a change that a text waits for: Shopify takes longer to write than to read."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Points: what the query may cost, what the store's bucket holds now and at most, its refill a second."""

    requested: float
    available: float
    maximum: float
    restore_rate: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The data of an answer; what Shopify withheld is null in it, and ``codes`` say why.

    ``cost`` is None if it told none.
    """

    data: Record
    cost: Cost | None
    codes: frozenset[str] = frozenset()


class AdminClient:
    """Questions to one store's Admin API.

    ``access_token`` is asked anew for each try, so that a renewed token is used at once; ``base_url``
    without ``{shop}`` points every call at a stand-in. Safe to use from several threads.
    """

    def __init__(
        self,
        shop: str,
        access_token: Callable[[], str],
        session: requests.Session,
        base_url: str = "https://{shop}",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not shop_domain(shop):
            raise ConnectorError("The store's domain is not one of Shopify's.")
        self._url = base_url.replace("{shop}", shop) + f"/admin/api/{API_VERSION}/graphql.json"
        self._access_token, self._session, self._sleep = access_token, session, sleep

    def ask(self, operation: str, variables: Mapping[str, object], patience: Patience = PATIENT) -> Answer:
        """The answer to ``queries/{operation}.graphql``.

        Raises Throttled, Unreachable, Reconnect, TooCostly or another ConnectorError. Throttled and
        Unreachable only after the tries that ``patience`` allows: every operation here reads, sets a state
        that the same call again leaves as it is, or makes a code of which there can be only one.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(patience.failures),
            wait=wait_combine(_wait, wait_random(0, _JITTER)),
            stop=lambda state: _gives_up(state, patience),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._ask_once, operation, variables, patience.timeout)

    def _ask_once(self, operation: str, variables: Mapping[str, object], timeout: float) -> Answer:
        try:
            response = self._session.post(
                self._url,
                json={"query": document(operation), "variables": variables},
                headers={"X-Shopify-Access-Token": self._access_token(), "Accept": "application/json"},
                timeout=timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            # "from None": the request inside the error holds the access token.
            raise Unreachable(f"Shopify gave no answer ({type(error).__name__}).") from None
        _check_status(response)
        return _answer(operation, json_of(response))


@cache
def document(operation: str) -> str:
    """The text of an operation, with the fragment that it uses."""
    queries = files("connectors.shopify") / "queries"
    text = (queries / f"{operation}.graphql").read_text(encoding="utf-8")
    if "...OrderNow" in text:
        text += (queries / "order_fragment.graphql").read_text(encoding="utf-8")
    return text


def _wait(state: RetryCallState) -> float:
    """Seconds before the next try: as long as Shopify asks, else 0.5, 1, 2, ..."""
    failure = _failure(state)
    return (
        failure.retry_after
        if isinstance(failure, Throttled)
        else _FIRST_PAUSE * 2 ** (state.attempt_number - 1)
    )


def _gives_up(state: RetryCallState, patience: Patience) -> bool:
    return state.attempt_number >= patience.tries or _wait(state) > patience.longest_wait


def _failure(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    if status in (401, 403):
        raise Reconnect("Shopify no longer accepts our access to this store: open the app in Shopify once.")
    if status == 429:
        raise Throttled("Shopify asks us to slow down.", retry_after(response))
    if status in (402, 423):
        raise Unreachable(f"Shopify has frozen or locked the store (HTTP {status}).")
    if status == 404:
        raise ConnectorError(f"Shopify knows no such store, or no longer the API version {API_VERSION}.")
    if status < 400 or status >= 500:
        raise Unreachable(f"Shopify answered {status}.")
    raise ConnectorError(f"Shopify refused the request (HTTP {status}).")


def _answer(operation: str, body: object) -> Answer:
    content = record(body)
    cost = _cost(record(record(content.get("extensions")).get("cost")))
    errors = records(content.get("errors"))
    codes = frozenset(str(record(error.get("extensions")).get("code") or "UNKNOWN") for error in errors)
    if "THROTTLED" in codes:
        raise Throttled("Shopify asks us to slow down.", _refill_time(cost))
    if "MAX_COST_EXCEEDED" in codes:
        raise TooCostly("Shopify finds the query too costly.")
    data = content.get("data")
    if not isinstance(data, dict):
        raise _refusal(operation, codes)
    if errors:
        log.warning("shopify_fields_withheld", operation=operation, codes=sorted(codes))
    return Answer(data, cost, codes)


def _refusal(operation: str, codes: frozenset[str]) -> ConnectorError:
    if not codes or "INTERNAL_SERVER_ERROR" in codes:
        return Unreachable("Shopify's answer makes no sense.")
    return ConnectorError(f"Shopify refused the query {operation} ({', '.join(sorted(codes))}).")


def _cost(told: Record) -> Cost | None:
    status = record(told.get("throttleStatus"))
    numbers = (
        told.get("requestedQueryCost"),
        status.get("currentlyAvailable"),
        status.get("maximumAvailable"),
        status.get("restoreRate"),
    )
    read = [float(number) for number in map(amount, numbers) if number is not None]
    return Cost(*read) if len(read) == len(numbers) else None


def _refill_time(cost: Cost | None) -> float:
    """Seconds until the bucket holds enough for the query."""
    if cost is None:
        return 1.0
    return max(0.0, cost.requested - cost.available) / (cost.restore_rate or _FALLBACK_RATE)
