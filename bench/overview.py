"""The overview page of a store with a million texts, against one with ten thousand."""

from __future__ import annotations

import re
from contextlib import ExitStack
from datetime import datetime
from statistics import median

import requests

from app import create_app, logins
from app.models import Store
from app.runtime import Runtime
from bench import history, profiles
from bench.figures import Figure, at_most, figure, in_turn, ratio
from bench.rows import add_store
from bench.stage import Stage, say
from flows import heartbeats

TITLE = "Overview page"
METHOD = """
`GET /app?shop=..` with the cookie of a login, through the guard, from the web server as in production: of a
store with 1,000,000 texts over 90 days (12 countries, 6 languages, 3 steps, as many usage rows, 50,000
recovered orders), and of one with 10,000, each in a database and with a web server of its own. The figures of
all days were counted from these rows by `flows.stats`. The time is the server's own, as its `Server-Timing`
header tells it; a round is the median of 8 requests in a row on one kept connection, after a warm-up.
"""
SLOWER = at_most(1.5)
MANY, FEW = 1_000_000, 10_000
WARM_UP, REQUESTS_PER_ROUND = 20, 8
ROUNDS = 21
DOMAIN = "overview.myshopify.com"


def measure(stage: Stage) -> list[Figure]:
    with ExitStack() as stack:
        many, few = (_open(stage, stack, texts) for texts in (MANY, FEW))
        rounds = in_turn(many.milliseconds, few.milliseconds, ROUNDS)
        details = f"{median(rounds.first):.1f} ms and {median(rounds.second):.1f} ms of server time"
        name = f"Overview page with {MANY:,} texts : with {FEW:,}"
        found = profiles.explained(ratio(name, rounds, SLOWER, details), many.profile)
        return [found, figure(f"Overview page with {MANY:,} texts, server time", rounds.first, "ms")]


def _open(stage: Stage, stack: ExitStack, texts: int) -> _Page:
    say(f"  {texts:,} texts are being written ...")
    url = stage.new_database(f"overview_{texts}")
    with stage.runtime(url) as runtime:
        store = add_store(runtime, DOMAIN)
        history.write(runtime, store, texts)
        now = runtime.clock.now()
        token = _login_token(runtime, store, now)
        with runtime.database.session() as session:
            for role in heartbeats.ROLES:
                heartbeats.beat(session, role, now)
    web = stack.enter_context(stage.web(stage.environment(url)))
    page = _Page(stage, url, web.url, texts)
    stack.callback(page.close)
    page.enter(token)
    return page


def _login_token(runtime: Runtime, store: Store, now: datetime) -> str:
    with runtime.database.session() as session:
        owner = logins.store_owner(session, store, now)
        return logins.make_login_link(session, store, owner, now)


class _Page:
    """The overview of one store, opened by somebody who is logged in."""

    def __init__(self, stage: Stage, database_url: str, url: str, texts: int) -> None:
        self._stage, self._database_url = stage, database_url
        self._url, self._texts = url, texts
        self._session = requests.Session()
        self.close = self._session.close

    def enter(self, token: str) -> None:
        """Log in by a link, and warm up."""
        self._session.post(f"{self._url}/login/{token}", timeout=30).raise_for_status()
        for _ in range(WARM_UP):
            self._milliseconds()

    def milliseconds(self) -> float:
        """The server's time for the page, in one round."""
        found = median(self._milliseconds() for _ in range(REQUESTS_PER_ROUND))
        say(f"  with {self._texts:,} texts: {found:.1f} ms")
        return found

    def _milliseconds(self) -> float:
        answer = self._session.get(f"{self._url}/app", params={"shop": DOMAIN}, timeout=30)
        timing = re.search(r"app;dur=([\d.]+)", answer.headers.get("Server-Timing", ""))
        if answer.status_code != requests.codes.ok or timing is None:
            raise RuntimeError(f"The overview page answered {answer.status_code}.")
        return float(timing[1])

    def profile(self) -> list[str]:
        """The same page, asked for within this process."""
        app = create_app(self._stage.settings(self._database_url))
        client = app.test_client()
        for name, value in self._session.cookies.items():
            client.set_cookie(name, value)
        with profiles.profiled() as lines:
            for _ in range(REQUESTS_PER_ROUND):
                client.get(f"/app?shop={DOMAIN}")
        return lines
