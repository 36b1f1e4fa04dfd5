"""Recorded control planes, played against ours.

A record is a script of requests, commands and kubelets' doings with all that came of it, and
`play.play` does the same to a cluster in this process.
"""

from pykube_core.experiments.records.play import KINDS, Kubectl, RecordReport, play
from pykube_core.experiments.records.record import Record, is_record, read_record

__all__ = ["KINDS", "Kubectl", "Record", "RecordReport", "is_record", "play", "read_record"]
