"""Array owners, Numba kernels, their slow twins, and the one door to C.

Private to ``pykube_core``. It knows rows, columns, integers and bytes, and no Kubernetes object.
"""
