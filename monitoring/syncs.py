"""What the synchronisations tell about themselves; nothing where the app is not installed."""

from datetime import datetime
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db.models import Count, Q
from django.urls import NoReverseMatch, reverse

from monitoring import periods


def overview(now: datetime) -> dict[str, dict[str, Any]]:
    """The dashboard's `sync`: one entry per job, by name."""
    if not apps.is_installed("sync"):
        return {}
    found: dict[str, dict[str, Any]] = import_module("sync.status").overview(now)
    return found


def title(name: str) -> str:
    """What people call a job."""
    return str(import_module("sync.labels").job(name)) if apps.is_installed("sync") else name


def runs(span: periods.Span) -> dict[str, dict[str, int]]:
    """Per job, how many runs began in this span and how many of them were done."""
    if not apps.is_installed("sync"):
        return {}
    began = _runs().filter(started_at__gte=span[0], started_at__lt=span[1])
    counted = (
        began.order_by("job_id")
        .values("job_id")
        .annotate(total=Count("pk"), success=Count("pk", filter=Q(status="done")))
    )
    return {row["job_id"]: {"total": row["total"], "success": row["success"]} for row in counted}


def durations(span: periods.Span) -> list[tuple[str, datetime, float]]:
    """Job, start and seconds of each full run of this span that has ended."""
    if not apps.is_installed("sync"):
        return []
    ended = _runs().filter(started_at__gte=span[0], started_at__lt=span[1], finished_at__isnull=False)
    rows = ended.order_by("started_at").values_list("job_id", "started_at", "finished_at")
    return [(job, start, (end - start).total_seconds()) for job, start, end in rows[:2000]]


def _runs() -> Any:
    """The runs that did all the work: neither tries, nor comparisons, nor single records."""
    model: Any = apps.get_app_config("sync").get_model("SyncRun")
    return model.objects.filter(kind="full")


def page() -> str:
    """The address of the page Sincronizações, or of the Painel where there is none."""
    try:
        return reverse("admin:sync_syncjob_changelist")
    except NoReverseMatch:
        return reverse("admin:index")


def page_of(name: str) -> str:
    """The address of one job's own page."""
    try:
        return reverse("admin:sync_syncjob_change", args=[name])
    except NoReverseMatch:
        return page()
