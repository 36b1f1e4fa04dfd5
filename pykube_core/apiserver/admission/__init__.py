"""Admission: namespaces, priorities, and what else other objects say about a new one."""
