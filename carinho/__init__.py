"""Carinho Integrações: the hub between the systems that run the company."""

import gc

# Each process loads some 2,000 modules, which stay: with Python's 700 it looks through them again and again
gc.set_threshold(20_000)
