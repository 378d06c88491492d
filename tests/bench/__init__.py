"""`python -m tests.bench`: the hub beside the plain way, measured in one run on this machine."""
