"""Measures for Prometheus, read from the database at each scrape: the same whichever process answers."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from django.db.models import Count
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from events import rollups
from events.models import Measure
from monitoring import alerts, snapshot, verdict
from monitoring.models import Severity
from monitoring.snapshot import Snapshot

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATES = ("closed", "half_open", "open")
STATUSES = (verdict.HEALTHY, verdict.DEGRADED, verdict.CRITICAL)


def exposition() -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Hub())
    return generate_latest(registry)


class Hub:
    """Collects everything from one snapshot."""

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        hub = snapshot.take()
        yield from depths(hub)
        yield from health(hub)
        yield from counters()
        yield from latencies()


def gauge(name: str, text: str, values: dict[tuple[str, ...], Any], labels: list[str]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(list(key), float(value))
    return family


def depths(hub: Snapshot) -> Iterator[Metric]:
    yield gauge("carinho_events_pending", "Events nobody began to work on.", {(): hub.pending}, [])
    by_service = hub.retry_queue["by_service"]
    yield gauge("carinho_retry_queue", "Deliveries tried again.", _keyed(by_service), ["service"])
    yield gauge("carinho_held", "Deliveries held back.", _keyed(hub.held["by_service"]), ["service"])
    yield gauge(
        "carinho_dead_letters_open", "Open dead letters.", _keyed(hub.dead_letters["by_cause"]), ["cause"]
    )
    yield gauge(
        "carinho_queue_due",
        "Deliveries that are due.",
        _keyed({name: queue.due for name, queue in hub.queues.items()}),
        ["service"],
    )
    ages = {
        name: (hub.now - queue.oldest).total_seconds() for name, queue in hub.queues.items() if queue.oldest
    }
    yield gauge("carinho_oldest_due_seconds", "Age of the oldest due delivery.", _keyed(ages), ["service"])


def _keyed(values: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    return {(name,): value for name, value in values.items()}


def health(hub: Snapshot) -> Iterator[Metric]:
    status = verdict.of(verdict.findings(hub)).status
    yield gauge(
        "carinho_status",
        "1 for the verdict in force.",
        {(name,): name == status for name in STATUSES},
        ["status"],
    )
    yield gauge(
        "carinho_circuit_breaker_state",
        "1 for the state a system's breaker is in.",
        {(row.service, state): row.state == state for row in hub.breakers for state in STATES},
        ["service", "state"],
    )
    paused = {row.service: row.paused_at is not None for row in hub.breakers}
    yield gauge("carinho_paused", "1 for a system that people paused.", _keyed(paused), ["service"])
    yield gauge("carinho_whatsapp_connected", "1 while connected.", {(): hub.whatsapp.connected}, [])
    silent = {name: age for name, age in hub.silence.items() if age is not None}
    yield gauge("carinho_silent_seconds", "Since a part was seen alive.", _keyed(silent), ["part"])
    yield gauge("carinho_alerts_open", "Open alerts.", _keyed(_open_alerts()), ["severity"])
    if hub.sync:
        late = {name: bool(job.get("late")) for name, job in hub.sync.items()}
        yield gauge("carinho_sync_late", "1 for a job that missed its time.", _keyed(late), ["job"])


def _open_alerts() -> dict[str, int]:
    counts = dict(alerts.open_alerts().order_by().values_list("severity").annotate(Count("pk")))
    return {str(severity): counts.get(severity, 0) for severity in Severity}


def counters() -> Iterator[Metric]:
    yield _counter("carinho_events", "Events that arrived.", Measure.EVENT, ["source", "type"])
    yield _counter(
        "carinho_attempts", "Tries at a system, by their end.", Measure.ATTEMPT, ["service", "outcome"]
    )
    yield _counter("carinho_dead_letters", "Deliveries handed to a person.", Measure.DEAD_LETTER, ["service"])


def _counter(name: str, text: str, measure: Measure, labels: list[str]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    sums: Counter[tuple[str, ...]] = Counter()
    for key, amount in rollups.totals(measure).items():
        sums[key[: len(labels)]] += amount
    for labelled, amount in sorted(sums.items()):
        family.add_metric(list(labelled), amount)
    return family


def latencies() -> Iterator[Metric]:
    """Answer times per system; tries of unknown end took no known time."""
    family = HistogramMetricFamily(
        "carinho_answer_seconds", "How long a system took to answer.", labels=["service"]
    )
    took: Counter[str] = Counter()
    for (service, outcome, _detail), amount in rollups.totals(Measure.ATTEMPT_MS).items():
        took[service] += amount if outcome != "unknown" else 0
    for service, buckets in sorted(_buckets().items()):
        family.add_metric([service], list(_cumulated(buckets)), took[service] / 1000)
    yield family


def _buckets() -> dict[str, Counter[float]]:
    per_service: dict[str, Counter[float]] = defaultdict(Counter)
    for (service, outcome, bound), amount in rollups.totals(Measure.ATTEMPT).items():
        if outcome != "unknown":
            per_service[service][float(bound)] += amount
    return per_service


def _cumulated(buckets: Counter[float]) -> Iterator[tuple[str, int]]:
    passed = 0
    for bound in (*rollups.BUCKETS_MS, float("inf")):
        passed += buckets[bound]
        yield ("+Inf" if bound == float("inf") else str(bound / 1000)), passed
