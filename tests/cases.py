"""How much of what may come is tried: some of it by `make test`, far more by `make fuzz`."""

import os

FUZZED = "FUZZ_CASES" in os.environ
CASES = int(os.environ.get("FUZZ_CASES", "100"))
