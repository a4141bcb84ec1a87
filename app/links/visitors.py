"""Who opened a link: a person, or a program that looks at it for one."""

from __future__ import annotations

from functools import lru_cache

from crawlerdetect import CrawlerDetect
from werkzeug.datastructures import Headers

# What a person opens a link with calls itself one of these; apps that fetch a preview by themselves
# (Signal, Viber, Android's own client, scripts, "Google-Safety") seldom care to.
BROWSERS = ("Mozilla/", "Opera/", "UCWEB/")
LONGEST_AGENT = 512
# Browsers announce what they load before anybody asked for it: Fetch standard (Sec-Purpose), older
# Chrome and Safari (Purpose, X-Purpose), older Firefox (X-Moz).
LOADED_AHEAD = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")

_crawlers = CrawlerDetect()


def is_person(method: str, headers: Headers) -> bool:
    """Whether this looks like somebody's tap: not a crawler, a link preview, a prefetch or a HEAD."""
    if method == "HEAD" or any(_is_ahead(headers.get(name, "")) for name in LOADED_AHEAD):
        return False
    return is_browser(headers.get("User-Agent", ""))


def is_browser(agent: str) -> bool:
    """Whether it calls itself a browser, and not a crawler or an app that fetches a preview."""
    return _is_browser(agent[:LONGEST_AGENT])


def warm_up() -> None:
    """Compile the list of crawlers, which takes tens of milliseconds, before somebody waits for it."""
    _is_browser("Mozilla/5.0")


def _is_ahead(purpose: str) -> bool:
    return any(word in purpose.lower() for word in ("prefetch", "prerender", "preview"))


@lru_cache(maxsize=4096)
def _is_browser(agent: str) -> bool:
    return agent.startswith(BROWSERS) and not _crawlers.is_crawler(agent)
