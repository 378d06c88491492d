"""Whether attempts are left, and how long to wait before the next.

Which failures may be tried again at all: `events.engine.attempt`.
"""

import random
from datetime import timedelta

from django.conf import settings

JITTER = 0.1


def wait_after(attempts: int) -> timedelta | None:
    """The wait after this many spent attempts, ± 10 %; None when there is none left."""
    if attempts > len(settings.RETRY_WAITS):
        return None
    return timedelta(seconds=settings.RETRY_WAITS[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER))
