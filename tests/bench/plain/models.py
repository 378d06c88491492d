"""Events and their deliveries."""

from django.db import models


class Event(models.Model):
    type = models.CharField(max_length=60, db_index=True)
    source = models.CharField(max_length=20)
    key = models.CharField(max_length=200)
    data = models.JSONField()
    occurred_at = models.DateTimeField()
    status = models.CharField(max_length=10, default="pending", db_index=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        app_label = "plain"
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="plain_event_once")]

    def __str__(self) -> str:
        return f"{self.type} {self.key}"


class Delivery(models.Model):
    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    step = models.CharField(max_length=60)
    status = models.CharField(max_length=10, default="pending", db_index=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "plain"

    def __str__(self) -> str:
        return f"{self.step} of {self.event_id}"
