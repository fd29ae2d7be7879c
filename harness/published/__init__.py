"""Published conformance vectors of the TOS chain: reads them, runs them, reports them."""

from harness.published.report import Status, VectorReport, VectorResult, lines
from harness.published.run import run_vectors

__all__ = ["Status", "VectorReport", "VectorResult", "lines", "run_vectors"]
