"""Correcting a record that failed: both versions are kept, and its job goes on with the new one.

The source keeps what it has: until it is corrected there too, its next reading brings that back.
"""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError

from carinho.access.audit_log import Audited
from carinho.console import labels
from events.differences import differences, for_audit_log
from events.event_corrections import StaleVersion
from events.flow import Data
from events.intake.envelope import RequestRejected
from events.intake.payload import problems
from sync import runs
from sync.job import Job, Record
from sync.models import FailureStatus, RecordCorrection, RunKind, SyncFailure, SyncRun
from sync.records import digest

CORRECTED = Audited("sync.correct_record", gettext_lazy("corrigiu um registro e o tentou de novo"))


def shown(failure: SyncFailure) -> Data:
    """The fields of the record that may be corrected, as the source gave them."""
    declared = failure.fields.model_fields if failure.fields else {}
    return {name: value for name, value in failure.payload.items() if name in declared}


def read(failure: SyncFailure, data: Data) -> Data:
    """These fields as they would be kept.

    Raises `RequestRejected`, each wrong field named, and `StaleVersion` for one that no field would mend now.
    """
    if failure.fields is None:
        raise StaleVersion(_("Este registro não se corrige mais daqui."))
    try:
        kept = failure.fields.model_validate(data).model_dump(mode="json", exclude_unset=True)
        Job.registry[failure.job_id].wanted(failure.payload | kept)
    except ValidationError as error:
        wrong = {f"data.{name}": sentence for name, sentence in problems(error).items()}
        raise RequestRejected("invalid_data", "", status=422, fields=wrong) from None
    except (KeyError, TypeError, ValueError, AttributeError):
        sentence = _("O registro ainda não pode ser lido: falta um campo que não está neste formulário.")
        raise RequestRejected("invalid_data", sentence, status=422) from None
    return kept


def version_of(failure: SyncFailure) -> str:
    """What a form was made from. It is given back with the form and must still hold then."""
    return f"{digest(failure.payload)}.{failure.attempts}"


def check_current(failure: SyncFailure, version: str) -> None:
    """Raises `StaleVersion` unless the failure is open and was neither corrected nor retried since."""
    if failure.status == FailureStatus.RESOLVED:
        raise StaleVersion(_("O registro já foi levado: não há o que corrigir."))
    if failure.status == FailureStatus.GONE:
        raise StaleVersion(_("A origem não pede mais este registro."))
    if version == version_of(failure):
        return
    last = failure.corrections.first()
    if last and digest(last.after) == digest(failure.payload) != version.partition(".")[0]:
        raise StaleVersion(_("%s já corrigiu este registro e o tentou de novo.") % labels.who(last.actor))
    raise StaleVersion(_("Este registro já foi tentado de novo e falhou: veja o motivo de agora."))


def correct(failure_id: int, data: Data, *, version: str, actor: str, reason: str) -> SyncRun:
    """Replace the fields of an open failure's record, and begin the run that takes it on.

    Raises `RequestRejected` when the data is wrong, nothing is changed or the job is running, and
    `StaleVersion` when the failure is not as it was at `version`.
    """
    try:
        with transaction.atomic():
            return _correct(failure_id, data, version, actor, reason)
    except runs.AlreadyRunning:
        sentence = _("A sincronização está em execução agora. Espere ela terminar e envie de novo.")
        raise RequestRejected("sync_running", sentence, status=409) from None


def _correct(failure_id: int, data: Data, version: str, actor: str, reason: str) -> SyncRun:
    job = SyncFailure.objects.values_list("job_id", flat=True).get(pk=failure_id)
    chosen = {"failures": [failure_id]}
    # before the failure is locked, as a runner does
    run = runs.request_run(job, author=actor, kind=RunKind.RECORDS, chosen=chosen)
    failure = SyncFailure.objects.select_for_update().get(pk=failure_id)
    check_current(failure, version)
    before: Record = failure.payload
    kept, written = read(failure, data), differences(shown(failure), data)
    names = {name.partition(".")[0] for name in written}
    after = {name: value for name, value in before.items() if name not in names}
    after |= {name: kept[name] for name in names if name in kept}  # the rest stays as the source wrote it
    changed = differences(before, after)
    if not changed:
        raise RequestRejected("nothing_changed", _("Nenhum dado foi mudado."), status=422)
    SyncFailure.objects.filter(pk=failure_id).update(payload=after)
    RecordCorrection.objects.create(
        failure=failure, run=run, before=before, after=after, changed=changed, reason=reason, actor=actor
    )
    CORRECTED.record(actor, job, {**for_audit_log(changed), "reason": reason, "run": run.pk} | chosen)
    return run
