"""Metrics for Prometheus, read from the database at each scrape: the same whichever process answers."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from events import statistics
from events.models import Measure
from monitoring import health, snapshot
from monitoring.models import Severity
from monitoring.snapshot import HubSnapshot, Unmeasured

logger = logging.getLogger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATES = ("closed", "half_open", "open")
STATUSES = (health.HEALTHY, health.DEGRADED, health.CRITICAL)


def exposition() -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(HubCollector())
    return generate_latest(registry)


class HubCollector:
    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        hub = snapshot.take_snapshot()
        for measure in (*GAUGES, counters, latencies):
            try:
                yield from list(measure(hub.strict))
            except Unmeasured:
                pass  # no sample is what Prometheus understands by "not known"
            except Exception:
                logger.exception("Metric broke", extra={"metric": measure.__name__})
        yield gauge(
            "carinho_unmeasured",
            "1 for a part that could not be measured.",
            _keyed(dict.fromkeys(hub.unmeasured, 1)),
            ["part"],
        )


def gauge(name: str, text: str, values: dict[tuple[str, ...], Any], labels: list[str]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(list(key), float(value))
    return family


def _keyed(values: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    return {(name,): value for name, value in values.items()}


def pending(hub: HubSnapshot) -> Iterator[Metric]:
    yield gauge("carinho_events_pending", "Events nobody began to work on.", {(): hub.pending}, [])


def retry_queue(hub: HubSnapshot) -> Iterator[Metric]:
    by_service = hub.retry_queue["by_service"]
    yield gauge("carinho_retry_queue", "Deliveries tried again.", _keyed(by_service), ["service"])


def held(hub: HubSnapshot) -> Iterator[Metric]:
    yield gauge("carinho_held", "Deliveries held back.", _keyed(hub.held["by_service"]), ["service"])


def dead_letters(hub: HubSnapshot) -> Iterator[Metric]:
    by_cause = hub.dead_letters["by_cause"]
    yield gauge("carinho_dead_letters_open", "Open dead letters.", _keyed(by_cause), ["cause"])


def queues(hub: HubSnapshot) -> Iterator[Metric]:
    due = {name: queue.due for name, queue in hub.queues.items()}
    yield gauge("carinho_queue_due", "Deliveries that are due.", _keyed(due), ["service"])
    ages = {
        name: (hub.now - queue.oldest).total_seconds() for name, queue in hub.queues.items() if queue.oldest
    }
    yield gauge("carinho_oldest_due_seconds", "Age of the oldest due delivery.", _keyed(ages), ["service"])


def status(hub: HubSnapshot) -> Iterator[Metric]:
    found = health.evaluate(hub).status
    states = {name: name == found for name in STATUSES}
    yield gauge("carinho_status", "1 for the status in force.", _keyed(states), ["status"])


def breakers(hub: HubSnapshot) -> Iterator[Metric]:
    yield gauge(
        "carinho_circuit_breaker_state",
        "1 for the state a system's breaker is in.",
        {(row.service, state): row.state == state for row in hub.breakers for state in STATES},
        ["service", "state"],
    )
    paused = {row.service: row.paused_at is not None for row in hub.breakers}
    yield gauge("carinho_paused", "1 for a system that people paused.", _keyed(paused), ["service"])


def whatsapp(hub: HubSnapshot) -> Iterator[Metric]:
    if hub.whatsapp.connected is not None:
        text = "1 while connected; absent while not known."
        yield gauge("carinho_whatsapp_connected", text, {(): hub.whatsapp.connected}, [])


def staleness(hub: HubSnapshot) -> Iterator[Metric]:
    silent = {name: age for name, age in hub.staleness.items() if age is not None}
    yield gauge("carinho_silent_seconds", "Since a part was seen alive.", _keyed(silent), ["part"])


def open_alerts(hub: HubSnapshot) -> Iterator[Metric]:
    troubles = health.evaluate(hub).troubles
    amounts = {str(severity): sum(row.severity == severity for row in troubles) for severity in Severity}
    yield gauge("carinho_alerts_open", "Open alerts.", _keyed(amounts), ["severity"])


def syncs(hub: HubSnapshot) -> Iterator[Metric]:
    if hub.sync:
        late = {name: bool(job.get("late")) for name, job in hub.sync.items()}
        yield gauge("carinho_sync_late", "1 for a job that missed its time.", _keyed(late), ["job"])


def notifications(hub: HubSnapshot) -> Iterator[Metric]:
    failed = _keyed(hub.failed_notifications)
    yield gauge("carinho_notifications_failed", "Notifications that were given up.", failed, ["channel"])


GAUGES = (
    pending,
    retry_queue,
    held,
    dead_letters,
    queues,
    status,
    breakers,
    whatsapp,
    staleness,
    open_alerts,
    syncs,
    notifications,
)


def counters(_hub: HubSnapshot) -> Iterator[Metric]:
    yield _counter("carinho_events", "Events that arrived.", Measure.EVENT, ["source", "type"])
    yield _counter(
        "carinho_attempts", "Tries at a system, by their end.", Measure.ATTEMPT, ["service", "outcome"]
    )
    yield _counter("carinho_dead_letters", "Deliveries handed to a person.", Measure.DEAD_LETTER, ["service"])


def _counter(name: str, text: str, measure: Measure, labels: list[str]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    sums: Counter[tuple[str, ...]] = Counter()
    for key, amount in statistics.totals(measure).items():
        if measure != Measure.EVENT or key[1] != statistics.RECEIPTS:
            sums[key[: len(labels)]] += amount
    for labelled, amount in sorted(sums.items()):
        family.add_metric(list(labelled), amount)
    return family


def latencies(_hub: HubSnapshot) -> Iterator[Metric]:
    """Answer times per system; attempts in doubt took no known time."""
    family = HistogramMetricFamily(
        "carinho_answer_seconds", "How long a system took to answer.", labels=["service"]
    )
    took: Counter[str] = Counter()
    for (service, outcome, _detail), amount in statistics.totals(Measure.ATTEMPT_MS).items():
        took[service] += amount if outcome != "unknown" else 0
    services: dict[str, Counter[float]] = defaultdict(Counter)
    for (service, outcome, bound), amount in statistics.totals(Measure.ATTEMPT).items():
        if outcome != "unknown":
            services[service][float(bound)] += amount
    bounds = (*statistics.BUCKETS_MS, float("inf"))
    labels = [*(str(bound / 1000) for bound in statistics.BUCKETS_MS), "+Inf"]
    for service, buckets in sorted(services.items()):
        cumulated = accumulate(buckets[bound] for bound in bounds)
        family.add_metric([service], list(zip(labels, cumulated, strict=True)), took[service] / 1000)
    yield family
