"""Counts per hour, so that no page has to count a table that grows."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from carinho import personal_data


class Measure(models.TextChoices):
    """What is counted, and what the columns `service`, `name` and `detail` then hold."""

    EVENT = "event", _("eventos por hora de chegada: origem, tipo, situação atual")
    ATTEMPT = "attempt", _("tentativas por hora de início: sistema, resultado, faixa de duração")
    ATTEMPT_MS = "attempt_ms", _("milissegundos de tentativas: sistema, resultado")
    DEAD_LETTER = "dead_letter", _("itens que passaram a precisar de uma pessoa: sistema, causa, espécie")
    DEAD_LETTER_STATUS = "letter", _("itens por hora em que surgiram: sistema, causa, situação atual")
    DEAD_LETTER_STATUS_BY_TYPE = "letter_type", _("os mesmos: sistema, tipo de evento, situação atual")


class Count(models.Model):
    """So many of one kind in the hour that begins at `hour`."""

    measure = models.CharField(max_length=12, choices=Measure)
    hour = models.DateTimeField()
    service = models.CharField(max_length=20, blank=True, db_default="")
    name = models.CharField(max_length=60, blank=True, db_default="")
    detail = models.CharField(max_length=12, blank=True, db_default="")
    amount = models.BigIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.measure} {self.hour:%d/%m %H}h: {self.amount}"


class HourlyCount(Count):
    """What `events.statistics.fold` has added up."""

    class Meta:
        verbose_name = _("contagem por hora")
        verbose_name_plural = _("contagens por hora")
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "hour", "service", "name", "detail"], name="hourly_count_once"
            ),
        ]


class CountDelta(Count):
    """What happened since: added by triggers where it happened, so that no writer waits for another."""

    class Meta:
        verbose_name = _("contagem a somar")
        verbose_name_plural = _("contagens a somar")


personal_data.declare(HourlyCount, harmless="measure service name detail")
personal_data.declare(CountDelta, harmless="measure service name detail")
