"""Conformance checks from the console: begun by a person, run by a worker, kept with what they found."""

import logging
from collections.abc import Mapping
from datetime import timedelta

import requests
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kombu.exceptions import OperationalError

from carinho.access.audit_log import Audited
from carinho.celery import app
from carinho.services.conformance import Conformance
from carinho.services.peer_answer import why_silent
from events.models import CheckState, ConformanceCheck

logger = logging.getLogger(__name__)

STARTED = Audited("conformance.start", gettext_lazy("testou o sistema contra o contrato"))
TASK = "events.check_conformance"
LONGEST = timedelta(minutes=15)  # as many calls as there are, each to its time limit
KEPT = 20  # per system


def begin(
    system: str,
    actor: str,
    *,
    url: str,
    key: str,
    auth: str,
    pages: str,
    ids: Mapping[str, str],
    writes: bool,
) -> ConformanceCheck | None:
    """Queue a check and wake a worker up; None while this system is being checked already."""
    asked = {"url": url, "auth": auth, "pages": pages, "ids": dict(ids), "writes": writes}
    try:
        with transaction.atomic():
            check = ConformanceCheck.objects.create(system=system, key=key, actor=actor, **asked)
            STARTED.record(actor, system, {"url": url, "writes": writes})
    except IntegrityError:
        return None
    wake_up()
    return check


def wake_up() -> None:
    """A message that is lost is sent again by `recover`."""
    try:
        app.send_task(TASK, expires=60)
    except (OperationalError, OSError) as error:
        logger.warning("Check could not be sent", extra={"error": type(error).__name__})


def run_next() -> ConformanceCheck | None:
    """Run the oldest check that waits; None if there is none, or while another one runs."""
    taken = _take()
    if taken is None:
        return None
    check, key = taken
    tried = Conformance(
        check.system, check.url, key, auth=check.auth, pages=check.pages, ids=check.ids, masked=True
    )
    try:
        report = tried.run(writes=check.writes).as_json()
    except requests.RequestException as error:
        said = _("Ninguém responde neste endereço: %s.") % why_silent(error)
        _end(check, CheckState.FAILED, error=said)
    except Exception:
        logger.exception("Conformance check broke", extra={"check_id": check.pk})
        _end(check, CheckState.FAILED, error=_("O teste quebrou no hub: veja o log."))
    else:
        _end(check, CheckState.DONE, report=report)
        _forget_old(check.system)
    if ConformanceCheck.objects.filter(state=CheckState.QUEUED).exists():
        wake_up()
    check.refresh_from_db()
    return check


def recover() -> None:
    """End what its worker left, and wake one up for what waits."""
    now = timezone.now()
    ConformanceCheck.objects.filter(state=CheckState.RUNNING, started_at__lt=now - LONGEST).update(
        state=CheckState.FAILED, ended_at=now, error=_("O teste foi interrompido. Comece outro.")
    )
    waiting = ConformanceCheck.objects.filter(
        state=CheckState.QUEUED, created_at__lt=now - timedelta(seconds=5)
    )
    if waiting.exists() and not ConformanceCheck.objects.filter(state=CheckState.RUNNING).exists():
        wake_up()


def _take() -> tuple[ConformanceCheck, str] | None:
    try:
        with transaction.atomic():
            waiting = ConformanceCheck.objects.filter(state=CheckState.QUEUED).order_by("id")
            check = waiting.select_for_update(skip_locked=True).first()
            if check is None:
                return None
            key, check.key = check.key, ""
            check.state, check.started_at = CheckState.RUNNING, timezone.now()
            check.save(update_fields=["key", "state", "started_at"])
    except IntegrityError:  # another one runs
        return None
    return check, key


def _end(check: ConformanceCheck, state: CheckState, **found: object) -> None:
    ConformanceCheck.objects.filter(pk=check.pk, state=CheckState.RUNNING).update(
        state=state, ended_at=timezone.now(), **found
    )


def _forget_old(system: str) -> None:
    ended = ConformanceCheck.objects.filter(Q(system=system), ended_at__isnull=False)
    kept = list(ended.values_list("pk", flat=True)[:KEPT])
    ended.exclude(pk__in=kept).delete()
