"""Plain twins of the C and Numba kernels: the oracle of the tests."""
