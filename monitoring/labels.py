"""Numbers, times and addresses of pages as people read them."""

from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import ngettext

from carinho.console import dates
from carinho.console.addresses import list_address
from carinho.console.labels import number
from sync.job import Job


def percent(value: float | None) -> str:
    return "—" if value is None else f"{number_format(round(value, 1), 1)} %"


def failed_of_settled(failed: int, settled: int) -> str:
    """What a rate of errors is of: events that are under way are no part of it."""
    said = ngettext("%(failed)s de %(settled)s terminado", "%(failed)s de %(settled)s terminados", settled)
    return said % {"failed": number(failed), "settled": number(settled)}


def seconds(value: float) -> str:
    """`90` as "1 min"."""
    return dates.duration(timedelta(seconds=value))


def milliseconds(value: float | None) -> str:
    """`1500` as "1,5 s", `40` as "40 ms"."""
    if value is None:
        return "—"
    return f"{number(round(value / 1000, 1))} s" if value >= 1000 else f"{round(value)} ms"


def list_url(model: str, query: str = "") -> str:
    """The address of a list of the console: of `events_event`, say, filtered by `query`."""
    address = list_address(model)
    return f"{address}?{query}" if query else address


def url_of_days(model: str, field: str, first: date, last: date, query: str = "") -> str:
    """The rows of whole days, both ends included."""
    days = f"{field}_from={first:%Y-%m-%d}&{field}_to={last:%Y-%m-%d}"
    return list_url(model, f"{days}&{query}" if query else days)


def url_of_failed_events(since: datetime) -> str:
    hour = f"{timezone.localtime(since):%Y-%m-%dT%H:%M}"
    return list_url("events_event", f"status=failed&received_at_from={hour}")


def url_of_job(name: str) -> str:
    return reverse("admin:sync_syncjob_change", args=[name])


def systems_of_job(name: str) -> tuple[str, ...]:
    """The systems that a synchronisation reads and writes; none for one the code no longer knows."""
    job = Job.registry.get(name)
    return (job.source.name, job.target.name) if job else ()
