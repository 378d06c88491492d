"""Corrigir e tentar de novo: a record that failed is mended by the same form as an event's data."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from carinho.console import dates, labels
from carinho.console.base import list_of, page_of
from carinho.masking import mask
from events import event_corrections
from events.admin import correction_pages
from events.admin.correction_pages import Correctable
from events.flow import Data
from sync import record_corrections
from sync.job import Job
from sync.labels import failed_record
from sync.labels import job as job_label
from sync.models import RecordCorrection, SyncFailure

OPERATE = "sync.change_syncfailure"
BY_DATA = ("invalid_data", "invalid_phone_number")


def button(request: HttpRequest, row: SyncFailure) -> dict[str, Any] | None:
    """The way from a failed record to its form; None where there is nothing to correct."""
    if row.fields is None:
        return None
    return {
        "address": reverse("admin:sync_syncfailure_correct", args=[row.pk]),
        "text": _("Corrigir e tentar de novo"),
        "barred": correction_pages.barred(request, OPERATE),
        "is_main": row.cause in BY_DATA,
    }


def correctable(request: HttpRequest, failure_id: int) -> Correctable:
    row = get_object_or_404(SyncFailure, pk=failure_id)
    job = Job.registry.get(row.job_id)
    if job is None or job.fields is None or not isinstance(row.payload, dict):
        raise Http404

    def send(data: Data, version: str, by: str, reason: str) -> str:
        run = record_corrections.correct(row.pk, data, version=version, actor=by, reason=reason)
        messages.success(request, gettext("Registro corrigido: esta execução o tenta de novo."))
        return page_of(run)

    return Correctable(
        payload=job.fields,
        data=record_corrections.shown(row),
        stored=record_corrections.shown(row),
        version=record_corrections.version_of(row),
        named=f"sync_failure {row.pk}",
        read=lambda data: record_corrections.read(row, data),
        check=lambda version: record_corrections.check_current(row, version),
        send=send,
        title=_("Corrigir e tentar de novo"),
        sure=_("Tentar com a correção"),
        why=f"{job_label(row.job_id)} #{row.key}: {failed_record(row)}",
        address=reverse("admin:sync_syncfailure_correct", args=[row.pk]),
        check_address=reverse("admin:sync_syncfailure_check", args=[row.pk]),
        back=page_of(row),
        effects=lambda _data: _effects(job),
        as_it_is=correction_pages.asked_of_list(_("Tentar como está"), list_of(SyncFailure), "retry", row.pk),
    )


def of_failure(row: SyncFailure) -> list[dict[str, Any]]:
    """Its corrections, the newest first, with what each changed, masked."""
    return [_shown(correction, row) for correction in row.corrections.all()]


def _shown(correction: RecordCorrection, row: SyncFailure) -> dict[str, Any]:
    job = Job.registry.get(row.job_id)
    before, after = event_corrections.sides(correction.changed)
    return {
        "by": labels.who(correction.actor),
        "at": dates.moment(correction.at),
        "reason": correction.reason,
        "changes": correction_pages.changes(job.fields if job else None, mask(before), mask(after)),
    }


def _effects(job: Job) -> list[tuple[Any, Any, Any]]:
    """What the retry does in each system, and what stays for a person."""
    lines = [(_("Gravar este registro"), job.target.label, _("é tentado agora, com os dados novos"))]
    if job.confirms:
        lines.append((_("Confirmar que está feito"), job.source.label, _("logo depois, se der certo")))
    there = _("fica com você: senão, a próxima leitura mostra a diferença ou traz o dado antigo")
    return [*lines, (_("Corrigir também na origem"), job.source.label, there)]
