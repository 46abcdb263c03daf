"""What is counted, by the names that Beam's metrics have."""

from __future__ import annotations

from apache_beam.metrics import Metrics

METRICS_NAMESPACE = "BeamML_PerEntity"


def count(name: str, by: int = 1) -> None:
    """Counts in the step that runs."""
    Metrics.counter(METRICS_NAMESPACE, name).inc(by)
