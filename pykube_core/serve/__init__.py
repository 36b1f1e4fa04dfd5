"""Faces on a port."""
