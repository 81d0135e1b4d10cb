"""The metrics of this process, in the conventions of Prometheus and OpenTelemetry.

`requests` counts requests and their queues, `storage` what is stored and what goes wrong there,
`turns` the turns, windows and topics, `models` the model calls by the conventions for GenAI, and
`registry` puts together what the workers have counted.

With PROMETHEUS_MULTIPROC_DIR set, as `serve` sets it, each worker counts in files of its own, and
the worker that answers a scrape adds all of them up. No label names a user or a session, or is
text that a client can choose: that would be personal data, and too many series. The files have room
for so many series and never grow (`chatproject.serving.counters`).
"""

from sessions_app.instruments.models import (
    Provided,
    first_chunk_received,
    model_called,
    tokens_used,
)
from sessions_app.instruments.registry import registry
from sessions_app.instruments.requests import (
    queue_measured,
    quota_refused,
    request_answered,
    request_refused,
)
from sessions_app.instruments.storage import (
    appended_in,
    lease_lost,
    messages_appended,
    store_failed,
    store_retried,
)
from sessions_app.instruments.turns import topics_shifted, turn_ended, window_planned, window_sent

__all__ = [
    "Provided",
    "appended_in",
    "first_chunk_received",
    "lease_lost",
    "messages_appended",
    "model_called",
    "queue_measured",
    "quota_refused",
    "registry",
    "request_answered",
    "request_refused",
    "store_failed",
    "store_retried",
    "tokens_used",
    "topics_shifted",
    "turn_ended",
    "window_planned",
    "window_sent",
]
