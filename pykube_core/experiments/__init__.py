"""Workloads, policies compared, reports."""
