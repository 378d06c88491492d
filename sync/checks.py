"""What must hold of the declared jobs, found at start instead of at the first run."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from sync.job import Job

LONGEST_NAME = 60


@register()
def every_job_reaches_its_systems(**_: Any) -> list[CheckMessage]:
    return [
        Error(f"{job.name} needs {kind.name}, which has no address in settings.LANES.", id="sync.E001")
        for job in Job.registry.values()
        for kind in (job.source, job.target)
        if kind.name not in settings.LANES
    ]


@register()
def every_name_can_be_stored(**_: Any) -> list[CheckMessage]:
    return [
        Error(f"{name} is not named sync.<something> in at most {LONGEST_NAME} characters.", id="sync.E002")
        for name in Job.registry
        if not name.startswith("sync.") or len(name) > LONGEST_NAME
    ]
