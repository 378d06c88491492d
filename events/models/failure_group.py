"""Dead letters of one kind, and what the team knows of them and does about them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data


class GroupState(models.TextChoices):
    NEW = "new", _("novo")
    REGRESSED = "regressed", _("de volta")  # it happened again, or got worse while silenced
    SEEN = "seen", _("visto")
    TAKEN = "taken", _("com alguém")
    SILENCED = "silenced", _("silenciado")
    RESOLVED = "resolved", _("resolvido")


class ResolvedWith(models.TextChoices):
    RETRY = "retry", _("Reenviar")
    CORRECT = "correct", _("Corrigir e reenviar")
    ARCHIVE = "archive", _("Arquivar")
    ITSELF = "itself", _("sem a ação de ninguém")
    SUPERSEDED = "superseded", _("eventos mais novos, que fizeram o mesmo")
    OTHER_CAUSE = "other_cause", _("falharam de novo por outra causa")


class FailureGroup(models.Model):
    """All dead letters of one system, step and cause, those to come included.

    Whoever took it has it also while it is silenced. Resolved while none of them is open or being retried. It
    outlives them: what is written here is there when the same failure comes back.
    `events.engine.group_status` opens and resolves it with its dead letters, `events.failure_groups` does
    what an operator asks.
    """

    service = models.CharField(_("sistema"), max_length=20)
    step = models.CharField(_("etapa"), max_length=60)
    cause = models.CharField(_("causa"), max_length=40)
    state = models.CharField(
        _("situação"), max_length=10, choices=GroupState, default=GroupState.NEW, db_default="new"
    )
    owner = models.CharField(_("com quem está"), max_length=150, blank=True, db_default="")
    silenced_at_count = models.PositiveIntegerField(_("silenciado com"), null=True, blank=True)
    tags = ArrayField(
        models.CharField(max_length=30), verbose_name=_("etiquetas"), blank=True, default=list, db_default=[]
    )
    failures = models.PositiveBigIntegerField(_("falhas ao todo"), default=0, db_default=0)
    created_at = models.DateTimeField(_("primeira vez"), db_default=Now())
    last_failed_at = models.DateTimeField(_("última vez"), db_default=Now())
    key_accepted_at = models.DateTimeField(  # of a rejected key: the first call that succeeded after it
        _("chave aceita de novo em"), null=True, blank=True
    )
    resolved_at = models.DateTimeField(_("resolvido em"), null=True, blank=True)
    resolved_by = models.CharField(_("resolvido por"), max_length=150, blank=True, db_default="")
    resolved_with = models.CharField(
        _("resolvido com"), max_length=12, choices=ResolvedWith, blank=True, db_default=""
    )

    class Meta:
        verbose_name = _("grupo de falhas")
        verbose_name_plural = _("grupos de falhas")
        ordering = ["-last_failed_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["service", "step", "cause"], name="failure_group_once"),
            models.CheckConstraint(
                condition=Q(state="silenced")
                | Q(state="taken") & ~Q(owner="")
                | ~Q(state="taken") & Q(owner=""),
                name="failure_group_owner_while_taken",
            ),
            models.CheckConstraint(
                condition=Q(state="silenced", silenced_at_count__isnull=False)
                | ~Q(state="silenced") & Q(silenced_at_count__isnull=True),
                name="failure_group_count_while_silenced",
            ),
            models.CheckConstraint(
                condition=~Q(state="resolved") | Q(resolved_at__isnull=False),
                name="failure_group_resolved_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.step} {self.cause}"


class EntryKind(models.TextChoices):
    NOTE = "note", _("anotou")
    SEEN = "seen", _("viu")
    TAKEN = "taken", _("assumiu")
    RELEASED = "released", _("soltou")
    SILENCED = "silenced", _("silenciou até piorar")
    UNSILENCED = "unsilenced", _("deixou de silenciar")
    TAGGED = "tagged", _("mudou as etiquetas")
    ESCALATED = "escalated", _("escalou")
    RECIPE = "recipe", _("mudou a receita")
    RESOLVED = "resolved", _("resolvido")
    REGRESSED = "regressed", _("voltou a acontecer")
    WORSE = "worse", _("piorou: deixou de ser silenciado")


class GroupEntry(models.Model):
    """What happened to a group, and what the team noted. Rows are only added."""

    group = models.ForeignKey(
        FailureGroup, models.CASCADE, related_name="entries", db_index=False, verbose_name=_("grupo")
    )
    at = models.DateTimeField(_("quando"), db_default=Now())
    actor = models.CharField(_("quem"), max_length=150, blank=True, db_default="")
    kind = models.CharField(_("o quê"), max_length=12, choices=EntryKind)
    text = models.TextField(_("texto"), blank=True, db_default="")

    class Meta:
        verbose_name = _("registro do grupo")
        verbose_name_plural = _("registros do grupo")
        ordering = ["-id"]
        indexes = [models.Index(fields=["group", "-id"], name="group_entry_newest")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.group_id}"


personal_data.declare(
    FailureGroup,
    typed="tags",
    harmless="service step cause state owner resolved_by resolved_with",
)
personal_data.declare(GroupEntry, typed="text", harmless="actor kind")
