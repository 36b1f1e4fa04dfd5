"""The scheduling queue: pools of pods, cluster events, queueing hints."""
