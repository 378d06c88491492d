from django.db import models
from django.utils.translation import gettext_lazy as _

from carinho import personal_data


class Template(models.Model):
    """A text by an administrator; without a row the file templates/whatsapp/<name>.txt is used."""

    name = models.CharField(_("mensagem"), max_length=60, primary_key=True)
    text = models.TextField(_("texto"), max_length=4000)
    changed_at = models.DateTimeField(_("alterado em"), auto_now=True)
    changed_by = models.CharField(_("alterado por"), max_length=150, blank=True, default="")

    class Meta:
        verbose_name = _("texto")
        verbose_name_plural = _("textos")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


personal_data.declare(Template, harmless="name text changed_by")
