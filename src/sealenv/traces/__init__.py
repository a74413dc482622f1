"""The receipt of zero trace: what was there before and after a command, outside of what it may write."""

from sealenv.traces.places import Place, places
from sealenv.traces.report import TraceReport
from sealenv.traces.snapshot import Snapshot, take

__all__ = ["Place", "Snapshot", "TraceReport", "places", "take"]
