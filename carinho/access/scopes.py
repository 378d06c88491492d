"""What an API key may be allowed to do; a person's role is asked the same questions."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    READ = "read", _("ver")
    EVENTS = "events", _("enviar eventos")
    OPERATE = "operate", _("operar")
    ADMIN = "admin", _("administrar")
