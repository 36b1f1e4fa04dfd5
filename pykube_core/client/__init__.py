"""Clients of the API: informers, the event recorder, the work queue, batches."""
