from pathlib import Path

from app.ops.metrics import METRICS


def test_every_metric_is_documented_in_its_own_words():
    page = Path("docs/metrics.md").read_text()

    missing = [name for name, meaning in METRICS.items() if f"| `{name}` | {meaning} |" not in page]

    assert missing == []
