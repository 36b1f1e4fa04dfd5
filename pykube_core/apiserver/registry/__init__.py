"""Verbs of a resource over the store: create, update, delete, list, watch, and batches of them."""
