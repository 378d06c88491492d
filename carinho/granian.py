"""The web process: granian, whose processes are forked from one that has loaded the hub and share its memory.

python -m carinho.granian --interface rsgi … carinho.rsgi:application
"""

import gc
import multiprocessing
import sys

from django.urls import get_resolver
from granian.cli import entrypoint

import carinho.rsgi  # noqa: F401  (loaded before the fork; it begins nothing, no thread and no connection)


def main() -> None:
    if sys.platform == "linux":
        multiprocessing.set_start_method("fork", force=True)
    get_resolver().url_patterns  # noqa: B018 -- loads all views, which the first request would otherwise
    gc.collect()
    gc.freeze()  # a collection in a child would write to every object, and so copy it
    entrypoint()


if __name__ == "__main__":
    main()
