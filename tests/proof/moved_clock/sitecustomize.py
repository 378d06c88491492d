"""Python with a moved clock: faketime 0.9.10 that leaves the monotonic clock alone breaks `time.sleep`.

https://github.com/wolfcw/libfaketime/issues/426
"""

import select
import time


def sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = sleep
