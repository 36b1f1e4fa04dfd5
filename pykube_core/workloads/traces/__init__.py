"""Traces: each published format is read by a module of its own."""
