"""Sets the clock of a whole Python process: for tests that start programs of ours as real processes.

With this folder on PYTHONPATH and ``TEST_CLOCK`` set to an ISO moment, time runs on from that moment.
``TEST_CLOCK_SHIFT`` is in seconds, and added to the true time: processes that were started at different
moments agree. The product itself has no such hook.
"""

import os
import time
from datetime import datetime

moment, shift = os.environ.get("TEST_CLOCK"), os.environ.get("TEST_CLOCK_SHIFT")
if moment or shift:
    import time_machine

    clock = time_machine.travel(datetime.fromisoformat(moment) if moment else time.time(), tick=True).start()
    if shift:
        clock.shift(time_machine.escape_hatch.time.time() + float(shift) - time.time())
