"""Sets the clock of a whole Python process: for tests that start programs of ours as real processes.

With this folder on PYTHONPATH and ``TEST_CLOCK`` set to an ISO moment, time runs on from that moment.
The product itself has no such hook.
"""

import os
from datetime import datetime

moment = os.environ.get("TEST_CLOCK")
if moment:
    import time_machine

    time_machine.travel(datetime.fromisoformat(moment), tick=True).start()
