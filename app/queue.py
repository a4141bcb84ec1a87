"""RQ on Redis or Valkey: it wakes workers and carries nothing but "there is work".

A waiting job will see every row that was committed before it runs; so a wake-up while one waits
already is not needed, and losing Redis loses nothing: the scheduler's sweep wakes again.
"""

from __future__ import annotations

import threading

import redis
import rq
import structlog
from rq.serializers import JSONSerializer

log = structlog.get_logger()

INTAKE, DISPATCH, UPKEEP = "intake", "dispatch", "upkeep"
QUEUES = (INTAKE, DISPATCH, UPKEEP)
ENTRY_POINTS = {
    INTAKE: "flows.jobs.drain_intake",
    DISPATCH: "flows.jobs.drain_dispatch",
    UPKEEP: "flows.jobs.drain_upkeep",
}
JOB_SECONDS = 120
DAY = 86_400


def connect(url: str, timeout: float = 0.5) -> redis.Redis:
    """A client that gives up quickly: Redis being away must not delay an answer to a platform."""
    return redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)


def connect_worker(url: str) -> redis.Redis:
    """A client for RQ's blocking reads. Over a network, a peer that vanished is noticed by keepalive."""
    keepalive = {} if url.startswith("unix://") else {"socket_keepalive": True}
    return redis.Redis.from_url(url, health_check_interval=30, **keepalive)


class Waker:
    """Wakes the workers of a queue.

    ``soon`` only sets a flag: a thread of its own wakes at most twenty times a second, so that a
    burst of webhooks costs a handful of Redis calls and none of them holds up an answer.
    """

    PAUSE = 0.05

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self.forget_threads()

    def wake(self, name: str) -> bool:
        """Enqueue one job unless one waits already. False when Redis is away: the sweep finds the work."""
        try:
            queue = rq.Queue(name, connection=self._client, serializer=JSONSerializer)
            if self._client.llen(queue.key) == 0:
                queue.enqueue(
                    ENTRY_POINTS[name],
                    job_timeout=JOB_SECONDS,
                    result_ttl=0,
                    failure_ttl=3 * DAY,
                    retry=rq.Retry(max=2),
                )
        except redis.RedisError as error:
            log.warning("queue_unreachable", queue=name, error=type(error).__name__)
            return False
        return True

    def soon(self, name: str) -> None:
        """Wake without waiting for Redis."""
        flag = self._flags.get(name)
        if flag is None:
            flag = self._start(name)
        flag.set()

    def forget_threads(self) -> None:
        """After a fork the parent's threads are gone: start afresh."""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._flags: dict[str, threading.Event] = {}
        self._threads: list[threading.Thread] = []

    def close(self) -> None:
        """Wait until no thread uses the client any more. Nothing is woken after it."""
        self._closing.set()
        for flag in self._flags.values():
            flag.set()
        for thread in self._threads:
            thread.join()

    def _start(self, name: str) -> threading.Event:
        with self._lock:
            if name not in self._flags:
                flag = self._flags[name] = threading.Event()
                thread = threading.Thread(
                    target=self._run, args=(name, flag), daemon=True, name=f"wake-{name}"
                )
                self._threads.append(thread)
                thread.start()
            return self._flags[name]

    def _run(self, name: str, flag: threading.Event) -> None:
        while flag.wait() and not self._closing.is_set():
            flag.clear()
            self.wake(name)
            self._closing.wait(self.PAUSE)
