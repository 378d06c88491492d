"""Filters of a list that somebody wants to have at hand."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data


class SavedView(models.Model):
    """A list as it was filtered, under a name: for whoever saved it, or for all who may see the list."""

    page = models.CharField(_("lista"), max_length=80)  # <app>.<model>
    name = models.CharField(_("nome"), max_length=40)
    query = models.CharField(_("filtros"), max_length=1000)  # of the address; without what was searched
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    is_shared = models.BooleanField(_("para todos"), default=False, db_default=False)
    created_at = models.DateTimeField(_("guardada em"), db_default=Now())

    class Meta:
        verbose_name = _("visão guardada")
        verbose_name_plural = _("visões guardadas")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["page", "owner", "name"], name="saved_view_once_per_name")
        ]

    def __str__(self) -> str:
        return f"{self.page} #{self.pk}"


personal_data.declare(SavedView, typed="name", harmless="page query")
