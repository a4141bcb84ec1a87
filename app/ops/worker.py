"""A worker: one RQ process that listens to exactly one queue.

RQ takes a job reliably only when a worker listens to a single queue: with two it pops by BLPOP, and a
job popped by a worker that is killed is lost (RQ 3.0, ``queue.py``, ``dequeue_any``).

Jobs run in the worker's own process. A fork per job, RQ's other way, begins each of them without
connections and compiled statements, and wakes are many and small. Whatever ends the process in the
middle of a job, the rows know what was done; its supervisor starts it again.
"""

from __future__ import annotations

import rq
from rq.serializers import JSONSerializer
from sqlalchemy.orm import configure_mappers

import flows.jobs  # noqa: F401  (imported before the first job comes)
from app.config import Settings
from app.ops.garbage import keep_what_is_loaded
from app.queue import connect_worker
from app.runtime import make_runtime
from flows.heartbeats import start_beating


def work(settings: Settings, queue_name: str) -> None:
    """Work until a signal comes; a second signal stops at once."""
    configure_mappers()
    client = connect_worker(settings.redis_url)
    queue = rq.Queue(queue_name, connection=client, serializer=JSONSerializer)
    runtime = make_runtime(settings, pool_size=2)
    stopped = start_beating(runtime, queue_name)
    worker = rq.SimpleWorker([queue], connection=client, serializer=JSONSerializer, log_job_description=False)
    keep_what_is_loaded()
    worker.work(logging_level="WARNING")
    stopped.set()
    runtime.close()
