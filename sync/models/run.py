"""The jobs as operators see them, and their runs: what each read and wrote, how far it is, how it ended."""

import logging
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho import personal_data
from carinho.webhooks import lifecycle

logger = logging.getLogger(__name__)


class SyncJob(models.Model):
    """One synchronisation. Whether it is paused is its schedule's `enabled`; here is by whom and why."""

    name = models.CharField(_("nome"), max_length=60, primary_key=True)
    created_at = models.DateTimeField(_("desde"), db_default=Now())
    resumed_at = models.DateTimeField(_("retomada em"), null=True, blank=True)
    paused_at = models.DateTimeField(_("pausada em"), null=True, blank=True)
    paused_by = models.CharField(_("pausada por"), max_length=150, blank=True, db_default="")
    pause_reason = models.TextField(_("motivo da pausa"), blank=True, db_default="")

    class Meta:
        verbose_name = _("sincronização")
        verbose_name_plural = _("sincronizações")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RunStatus(models.TextChoices):
    RUNNING = "running", _("em execução")
    DONE = "done", _("concluída")
    INCOMPLETE = "incomplete", _("concluída com falhas")
    FAILED = "failed", _("falhou")
    CANCELLED = "cancelled", _("cancelada")
    STUCK = "stuck", _("travada")


# one with failures is both: it needs a look, and what it read is not read again, for its failures are kept
GOOD_STATUSES = (RunStatus.DONE, RunStatus.INCOMPLETE)
FAILED_STATUSES = (RunStatus.FAILED, RunStatus.INCOMPLETE, RunStatus.STUCK)


class RunKind(models.TextChoices):
    FULL = "full", _("sincronização")
    RECORDS = "records", _("só estes registros")
    DRY = "dry", _("simulação")
    CHECK = "check", _("conferência")


class SyncRun(models.Model):
    """A run goes on from its checkpoint whenever a runner holds the job's lock.

    `token` names that runner: whoever lost the lock writes nothing more. A row that is `running`
    while nobody holds the lock waits for the next runner. `checkpoint` is the stage and the cursor in
    it; pages before it are wholly written. `window_at` is when the first run of those that continue
    one another began: all of them read the same days.
    """

    job = models.ForeignKey(SyncJob, models.PROTECT, related_name="runs", verbose_name=_("sincronização"))
    kind = models.CharField(
        _("tipo"), max_length=10, choices=RunKind, default=RunKind.FULL, db_default="full"
    )
    status = models.CharField(
        _("situação"), max_length=10, choices=RunStatus, default=RunStatus.RUNNING, db_default="running"
    )
    author = models.CharField(_("quem"), max_length=150)
    started_at = models.DateTimeField(_("início"), db_default=Now())
    finished_at = models.DateTimeField(_("fim"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("último sinal"), null=True, blank=True)
    token = models.UUIDField(null=True, blank=True, editable=False)
    takeovers = models.PositiveIntegerField(_("vezes retomada"), default=0, db_default=0)
    continues = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="continued_by",
        verbose_name=_("continua"),
    )
    window_at = models.DateTimeField(_("lê como se fosse"), db_default=Now())
    since = models.DateTimeField(_("lê o que mudou desde"), null=True, blank=True)
    chosen = models.JSONField(_("registros escolhidos"), default=dict, blank=True)
    checkpoint = models.JSONField(_("ponto de retomada"), default=dict, blank=True)
    read = models.PositiveIntegerField(_("lidos"), default=0, db_default=0)
    written = models.PositiveIntegerField(_("gravados"), default=0, db_default=0)
    unchanged = models.PositiveIntegerField(_("sem mudança"), default=0, db_default=0)
    failed = models.PositiveIntegerField(_("com falha"), default=0, db_default=0)
    processed = models.PositiveIntegerField(_("processados até agora"), default=0, db_default=0)
    total = models.PositiveIntegerField(_("total"), null=True, blank=True)
    waiting_for = models.CharField(_("espera por"), max_length=20, blank=True, db_default="")
    waiting_since = models.DateTimeField(_("espera desde"), null=True, blank=True)
    waited_seconds = models.PositiveIntegerField(_("segundos de espera"), default=0, db_default=0)
    cancelled_by = models.CharField(_("cancelada por"), max_length=150, blank=True, db_default="")
    reason = models.TextField(_("motivo"), blank=True, db_default="")

    class Meta:
        verbose_name = _("execução")
        verbose_name_plural = _("execuções")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["job"], condition=Q(status=RunStatus.RUNNING), name="sync_one_running_per_job"
            ),
            models.CheckConstraint(
                condition=Q(status=RunStatus.RUNNING, finished_at__isnull=True)
                | (~Q(status=RunStatus.RUNNING) & Q(finished_at__isnull=False)),
                name="sync_finished_run_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["job", "kind", "-started_at"], name="sync_run_of_job"),
            models.Index(fields=["-finished_at"], name="sync_run_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} #{self.pk}"

    @property
    def is_running(self) -> bool:
        return self.status == RunStatus.RUNNING

    def log(self, code: str, /, **detail: Any) -> None:
        """Add a line to the run's page and to the log, in the caller's transaction."""
        LogLine.objects.create(run=self, code=code, detail=detail)
        logger.info("Sync run: %s", code, extra={"job": self.job_id, "run_id": self.pk})

    def notify_if_failed(self, status: str) -> None:
        """Notify those who subscribed that the run ends so, in the caller's transaction."""
        if status in FAILED_STATUSES:
            data = {"id": self.pk, "job": self.job_id, "kind": self.kind, "status": status}
            lifecycle.write([("sync.failed", data)])

    @property
    def duration(self) -> timedelta:
        return (self.finished_at or timezone.now()) - self.started_at


SENTENCES = {
    "started": _("Começou, por %(author)s."),
    "went_on": _("Outro processo continuou a execução de onde ela parou."),
    "continues": _("Continua a execução %(run)s, que travou."),
    "waits": _("Espera por %(system)s, que não responde, está pausado ou pediu para esperar."),
    "goes_on": _(
        "%(system)s pode ser chamado de novo: a execução continuou, depois de esperar %(seconds)s s."
    ),
    "page_read_again": _("A leitura recomeçou do início: %(system)s não conhece mais a página em que parou."),
    "read_failed": _("%(system)s não deixou ler: %(reason)s."),
    "not_offered": _("%(system)s ainda não oferece o que esta sincronização precisa."),
    "retries": _("Tenta de novo os registros que falharam."),
    "gone": _("Registros com falha que a origem não pede mais: %(count)s."),
    "cancelled": _("Cancelada por %(actor)s."),
    "over_limit": _("Passou do tempo máximo de %(minutes)s minutos e foi encerrada como travada."),
    "no_signal": _("Ficou sem dar sinal e foi encerrada como travada."),
    "checked": _("Registros comparados: %(compared)s; iguais nos dois sistemas: %(agreeing)s."),
    "check_failed": _("A conferência que veio depois (execução %(run)s) falhou: %(reason)s."),
    "broke": _("Erro do nosso programa: %(kind)s. Chame o desenvolvimento."),
    "undeclared": _("A sincronização não existe mais nesta versão do programa."),
    "finished": _("Terminou: %(status)s."),
}


class LogLine(models.Model):
    """A line of a run's log: a code of `SENTENCES` and its parameters."""

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="lines", verbose_name=_("execução"))
    at = models.DateTimeField(_("quando"), db_default=Now())
    code = models.CharField(_("o que houve"), max_length=40)
    detail = models.JSONField(_("detalhes"), default=dict, blank=True)

    class Meta:
        verbose_name = _("linha do registro")
        verbose_name_plural = _("linhas do registro")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.code


class PlannedWrite(models.Model):
    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="planned", verbose_name=_("execução"))
    key = models.CharField(_("registro"), max_length=80)
    action = models.CharField(
        _("o que faria"),
        max_length=10,
        choices=[
            ("create", _("gravar pela primeira vez")),
            ("update", _("atualizar")),
            ("confirm", _("só confirmar")),
            ("invalid", _("recusar: registro inválido")),
        ],
    )
    fields = models.JSONField(_("campos"), default=list)
    wanted = models.JSONField(_("conteúdo"), default=dict)

    class Meta:
        verbose_name = _("gravação prevista")
        verbose_name_plural = _("gravações previstas")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.action} {self.key}"


personal_data.declare(SyncJob, typed="pause_reason", harmless="name paused_by")
personal_data.declare(
    SyncRun,
    quoting="reason",
    harmless="job_id kind status author chosen checkpoint waiting_for cancelled_by",
)
personal_data.declare(LogLine, quoting="detail", harmless="code")
personal_data.declare(
    PlannedWrite,
    rows="key = ANY(%(caregivers)s) AND run_id IN"
    " (SELECT id FROM sync_syncrun WHERE job_id = 'sync.cuidadores_crm')",
    erased={"wanted": "'{}'", "fields": "'[]'"},
    by_quote=True,
    harmless="key action",
)
