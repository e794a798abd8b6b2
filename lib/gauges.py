"""What Prometheus is told of the server."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CLASSES_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000)
"""Upper ends of the classes of latency, in milliseconds; what took longer is in the last."""
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class Gauges:
    """Counts of one server."""

    def __init__(self):
        self.registry = CollectorRegistry()
        told = {"registry": self.registry}
        self.requests = Counter("cuaderno_requests", "Requests to /invocations.", ["status"], **told)
        self.rows = Counter("cuaderno_rows", "Rows that were predicted.", **told)
        self.seconds = Histogram(
            "cuaderno_request_seconds", "From a request's end to its answer.",
            buckets=[upper / 1000 for upper in CLASSES_MS], **told,
        )  # fmt: skip
        self.together = Histogram(
            "cuaderno_requests_together", "Requests answered by one prediction.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128), **told,
        )  # fmt: skip
        self.version = Gauge("cuaderno_model_version", "The version that answers.", **told)
        self.changes = Gauge("cuaderno_model_changes", "Promotions and rollbacks that were followed.", **told)
        self.database = Gauge("cuaderno_database_up", "1 if the database takes answers, 0 if they wait.", **told)
        self.waiting = Gauge("cuaderno_spool_bytes", "Answers on this machine that the database has not taken.", **told)

    def text(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self.registry)


def class_of(seconds: float) -> float:
    """Return the upper end of the class that a latency is in, in milliseconds."""
    return next((float(upper) for upper in CLASSES_MS if seconds * 1000 <= upper), float(CLASSES_MS[-1]))
