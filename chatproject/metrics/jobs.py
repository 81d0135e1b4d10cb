"""How the jobs stand, for `GET /metrics`: from MongoDB, as any instance may have run them."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from sessions_app import clock
from sessions_app.domain.jobs import JobState
from sessions_app.services.jobs import jobs_report


def collect() -> Iterator[Metric]:
    """The metrics of all jobs; raises StorageUnavailable."""
    now = clock.now()
    states = jobs_report(now=now).states
    if not states:
        return
    gauges = {
        "running": _gauge("running", "Whether the job is running.", ["job"]),
        "failed": _gauge("failed", "Whether the job's last run failed or was killed.", ["job"]),
        "last": _gauge("last_run_seconds", "When it last ran, Unix time; 0 for never.", ["job"]),
        "success": _gauge(
            "last_success_seconds", "When it last got through, Unix time; 0 for never.", ["job"]
        ),
        "took": _gauge("duration_seconds", "How long its last run took.", ["job"]),
        "next": _gauge("next_run_seconds", "When it is due next, Unix time.", ["job"]),
    }
    runs = CounterMetricFamily("chat_job_runs", "Runs that have ended.", labels=["job"])
    failures = CounterMetricFamily(
        "chat_job_failures", "Runs that failed or were killed.", labels=["job"]
    )
    done = CounterMetricFamily("chat_job_done", "What jobs have counted.", labels=["job", "kind"])
    for state in states:
        last = state.last
        values = {
            "running": float(state.is_running(now=now)),
            "failed": float(state.has_failed),
            "last": last.ended_at.timestamp() if last else 0.0,
            "success": state.succeeded_at.timestamp() if state.succeeded_at else 0.0,
            "took": _seconds(state),
            "next": state.next_at.timestamp(),
        }
        for name, value in values.items():
            gauges[name].add_metric([state.name], value)
        runs.add_metric([state.name], state.runs)
        failures.add_metric([state.name], state.failures)
        for kind, number in state.totals.items():
            done.add_metric([state.name, kind], number)
    yield from (*gauges.values(), runs, failures, done)


def _gauge(name: str, meaning: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"chat_job_{name}", meaning, labels=labels)


def _seconds(state: JobState) -> float:
    last = state.last
    return (last.ended_at - last.started_at).total_seconds() if last else 0.0
