"""Workloads: nodes and pods from snapshots, traces and generators."""
