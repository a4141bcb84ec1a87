"""Hides what only the extra ``test`` of setup.cfg brings, and a library would load if it is there.

With this folder on PYTHONPATH a process is measured as it runs where Warmcart is installed without that
extra: import-linter brings rich, and structlog loads rich where it finds it.
"""

import sys

sys.modules["rich"] = None  # type: ignore[assignment]
