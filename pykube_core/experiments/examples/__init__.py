"""Example policies, to run and to copy."""

from importlib.resources import files

# A policy in a file of its own: pods that need no GPU keep off GPU nodes.
EXAMPLE = f"{files(__name__).joinpath('gpus_last.py')}:score"
