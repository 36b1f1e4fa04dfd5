"""Policies of a user's own for the histories; compiled when first used."""

from functools import cache

from _pykube_hotcore.kernels.policy import PolicyKernel
from _pykube_hotcore.program import CPU, MEMORY


def emptiness(node, pod):
    return (node.free_cpu - pod.cpu) / (node.allocatable_cpu + 1) - 0.3 * node.pods


def counting(node, pod):
    return 0.5 * node.pods + (node.free_memory > pod.memory)


def hopeless(node, pod):
    return node.pod_slots / node.pods


FUNCTIONS = (emptiness, counting, hopeless)


@cache
def compiled(name):
    function = next(f for f in FUNCTIONS if f.__name__ == name)
    return PolicyKernel(function, {"cpu": CPU, "memory": MEMORY})
