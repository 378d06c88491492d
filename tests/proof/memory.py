"""Memory, files and connections of the hub's processes while it works, and how fast they grow.

Judged is the largest process of each role. A sum would grow with the pool of the worker, which has as many
processes as the last minute asked for; a leak makes one process larger. Memory is what a process has alone
(USS): what it shares is counted once more or less with each sibling.
"""

import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import linear_regression, median
from typing import Any, Protocol

import psutil
import psycopg

from tests.proof.chaos import cmdline, is_beat

MEASURED = [
    *(f"largest {role}, {what}" for role in ("beat", "web", "worker") for what in ("MB", "open files")),
    "database connections",
]
PROCESSES = ", processes"  # printed beside what is judged
ROLES = {"web": ("granian",), "worker": ("celery", "worker")}
WARM_UP = 1 / 3  # of the time, before anything is said of growth
GROWTH = 1.05  # at most, from the start to the end of the time after the warm-up, and ...
SLACK = 8  # ... beside it, MB or files: what a process may fetch once more
CONNECTIONS_AND_DELIVERIES = """
SELECT (SELECT count(*) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND application_name <> 'soak'),
       (SELECT count(*) FROM events_delivery WHERE finished_at IS NOT NULL)
"""
Sample = tuple[float, int, dict[str, float]]  # seconds, deliveries ended, values by name


class MeasuredHub(Protocol):
    def children(self) -> list[psutil.Process]: ...

    def connect(self) -> psycopg.Connection[Any]: ...


@dataclass
class MemoryLog:
    hub: MeasuredHub
    samples: list[Sample] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        values: dict[str, float] = defaultdict(float)
        for child in self.hub.children():
            line = " ".join(cmdline(child))
            role = next((name for name, words in ROLES.items() if all(word in line for word in words)), None)
            role = "beat" if is_beat(child) else role
            if role is None:
                continue
            with suppress(psutil.Error, OSError):
                mb, files = child.memory_full_info().uss / 2**20, child.num_fds()
                values[role + PROCESSES] += 1
                values[f"largest {role}, MB"] = max(values[f"largest {role}, MB"], mb)
                values[f"largest {role}, open files"] = max(values[f"largest {role}, open files"], files)
        with suppress(psycopg.Error), self.hub.connect() as connection:
            (open_ones, ended) = connection.execute(CONNECTIONS_AND_DELIVERIES).fetchone() or (0, 0)
            values["database connections"] = open_ones
            self.samples.append((time.monotonic() - self.began, ended, dict(values)))

    def slopes(self) -> dict[str, dict[str, float]]:
        """By name: what it was in the first and the last third after the warm-up, and how fast it grows."""
        if not self.samples:
            return {}
        warm = [one for one in self.samples if one[0] >= self.samples[-1][0] * WARM_UP]
        found = {}
        for name in sorted({name for _, _, values in warm for name in values}):
            points = [(ended, values[name]) for _, ended, values in warm if name in values]
            if len({ended for ended, _ in points}) < 3:
                continue
            slope = linear_regression([x for x, _ in points], [y for _, y in points]).slope
            third = max(1, len(points) // 3)
            found[name] = {
                "first": round(median(y for _, y in points[:third]), 1),
                "last": round(median(y for _, y in points[-third:]), 1),
                "most": round(max(y for _, y in points), 1),
                "per_100000_deliveries": round(slope * 100_000, 2),
            }
        return found

    def growing(self) -> list[str]:
        """And what there are too few figures of: nothing can be said of it."""
        slopes = self.slopes()
        return [f"{name}: not measured" for name in MEASURED if name not in slopes] + [
            f"{name}: {values['first']} → {values['last']}"
            for name, values in slopes.items()
            if not name.endswith(PROCESSES) and values["last"] > values["first"] * GROWTH + SLACK
        ]

    def print(self) -> None:
        for name, values in self.slopes().items():
            print(
                f"  {name:<28} {values['first']:>8.1f} → {values['last']:>8.1f}"
                f"   {values['per_100000_deliveries']:+.2f} per 100,000 deliveries"
            )
        if self.samples:
            print(f"  over {self.samples[-1][1]} deliveries in {self.samples[-1][0]:.0f} s")
