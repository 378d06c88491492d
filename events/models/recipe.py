"""What the team wrote about a cause of failure, in place of the text that ships."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data


class Remedy(models.TextChoices):
    """The one button that helps."""

    RETRY = "retry", _("Reenviar")
    CORRECT = "correct", _("Corrigir e reenviar")
    ROWS = "rows", _("Ver os itens, um a um")
    SYSTEMS = "systems", _("Ir a Sistemas")
    WHATSAPP = "whatsapp", _("Ver as mensagens do WhatsApp")
    ARCHIVE = "archive", _("Arquivar")
    ESCALATE = "escalate", _("Escalar")


class Recipe(models.Model):
    """For a cause wherever it appears, or only for one step in one system, which then goes first."""

    service = models.CharField(_("sistema"), max_length=20, blank=True, db_default="")
    step = models.CharField(_("etapa"), max_length=60, blank=True, db_default="")
    cause = models.CharField(_("causa"), max_length=40)
    title = models.CharField(_("título"), max_length=120)
    happened = models.TextField(_("o que aconteceu"))
    fixer = models.TextField(_("quem resolve"))
    advice = models.TextField(_("o que fazer"))
    remedy = models.CharField(_("botão"), max_length=10, choices=Remedy)
    author = models.CharField(_("quem escreveu"), max_length=150)
    written_at = models.DateTimeField(_("escrita em"), db_default=Now())

    class Meta:
        verbose_name = _("receita")
        verbose_name_plural = _("receitas")
        constraints = [
            models.UniqueConstraint(fields=["service", "step", "cause"], name="recipe_once"),
            models.CheckConstraint(
                condition=Q(service="", step="") | ~Q(service="") & ~Q(step=""),
                name="recipe_for_one_step_or_all",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cause} {self.service} {self.step}".strip()


personal_data.declare(
    Recipe, typed="title happened fixer advice", harmless="service step cause remedy author"
)
