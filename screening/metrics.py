"""The figures of the department as Prometheus reads them; read from the database at each scrape, of all sites.

Labels are programmes, tiers, states and codes: never a patient, a study or a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from screening import figures
from screening.selectors import operation, storing
from screening.selectors.operation import Took


class Department:
    """A collector: each scrape asks the selectors anew, so every process tells the same."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        yield from _queue(operation.waiting_by_tier(now))
        yield _took("receipt_to_score", "Last image to first result", operation.receipt_to_score(now))
        yield _took("receipt_to_signature", "First image to final signature", operation.receipt_to_signature(now))
        runs = operation.runs_now(now)
        states = [("waiting", runs.waiting), ("running", runs.running), ("lost", runs.lost)]
        yield _gauge("scoring_runs", "Scoring runs now", ["state"], [((state,), count) for state, count in states])
        yield GaugeMetricFamily("firstread_scoring_oldest_seconds", "Wait of the oldest run", value=runs.oldest_s)
        failures: dict[tuple[str, str], int] = {}
        for reason in operation.without_result(now):
            key = (reason.programme, reason.state)
            failures[key] = failures.get(key, 0) + reason.count
        yield _gauge("scoring_without_result", "Refused and failed, 24 h", ["programme", "state"], failures.items())
        problems = [((code,), count) for code, count in operation.problems_by_code(now)]
        yield _gauge("ingest_problems", "Files not kept, 24 h", ["code"], problems)
        count, size = operation.images_stored()
        yield CounterMetricFamily("firstread_images_stored", "Images stored", value=count)
        yield GaugeMetricFamily("firstread_images_stored_bytes", "Bytes of the images stored", value=size)
        free, whole = operation.disk()
        yield GaugeMetricFamily("firstread_disk_free_bytes", "Free on the disk of the images", value=free)
        yield GaugeMetricFamily("firstread_disk_bytes", "Size of the disk of the images", value=whole)
        lost = len(storing.unreadable())
        yield GaugeMetricFamily("firstread_unreadable_objects", "Stored objects that could not be read", value=lost)
        yield GaugeMetricFamily("firstread_audit_unsealed_events", "Not sealed yet", value=operation.unsealed_events())
        yield from _others(figures.figures(now))


def _others(found: list[figures.Figure]) -> Iterator[Metric]:
    """What other apps have signed up with, a family for each name."""
    for name in dict.fromkeys(each.name for each in found):
        same = [each for each in found if each.name == name]
        values = [(tuple(value for _label, value in each.labels), each.value) for each in same]
        yield _gauge(name, same[0].help_text, [label for label, _value in same[0].labels], values)


def _gauge(name: str, help_text: str, labels: list[str], values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(f"firstread_{name}", help_text, labels=labels)
    for label, value in values:
        family.add_metric(list(label), value)
    return family


def _queue(waiting: list[operation.Waiting]) -> Iterator[Metric]:
    yield _gauge("queue_studies", "Studies not reported", ["tier"], [((one.tier,), one.count) for one in waiting])
    yield _gauge(
        "queue_overdue_studies", "Past their due time", ["tier"], [((one.tier,), one.overdue) for one in waiting]
    )
    yield _gauge(
        "queue_oldest_seconds", "Wait of the oldest", ["tier"], [((one.tier,), one.oldest_s) for one in waiting]
    )


def _took(name: str, help_text: str, took: list[Took]) -> Metric:
    values = [((one.programme, f"{q:g}"), seconds) for one in took for q, seconds in one.quantiles]
    return _gauge(f"{name}_seconds", f"{help_text}, 24 h", ["programme", "quantile"], values)


def exposition() -> bytes:
    """The text format 0.0.4 of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Department())
    return generate_latest(registry)
