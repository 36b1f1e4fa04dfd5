"""One pod's scheduling cycle, its decision, and the reasons of it."""
