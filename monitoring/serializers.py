"""The shapes of monitoring's answers, for the OpenAPI document."""

from typing import Any

from rest_framework import serializers

Plain = serializers.Serializer[Any]


class HealthReason(Plain):
    rule = serializers.CharField()
    severity = serializers.ChoiceField(choices=["warning", "critical"])
    message = serializers.CharField()
    url = serializers.CharField()
    value = serializers.FloatField()
    limit = serializers.FloatField(allow_null=True)


class Events(Plain):
    total = serializers.IntegerField()
    processed = serializers.IntegerField()
    failed = serializers.IntegerField()
    archived = serializers.IntegerField()


class Deliveries(Plain):
    total = serializers.IntegerField()
    success = serializers.IntegerField()
    failed = serializers.IntegerField()


class EventsNow(Plain):
    pending = serializers.IntegerField()
    today = Events()
    by_type = serializers.DictField(child=serializers.IntegerField())


class RetryQueue(Plain):
    total = serializers.IntegerField()
    ready = serializers.IntegerField()
    oldest = serializers.DateTimeField(allow_null=True)


class DeadLetters(Plain):
    total = serializers.IntegerField()
    today = serializers.IntegerField()
    by_cause = serializers.DictField(child=serializers.IntegerField())


class Held(Plain):
    total = serializers.IntegerField()
    by_service = serializers.DictField(child=serializers.IntegerField())


class Queues(Plain):
    retry_queue = RetryQueue()
    dead_letter = DeadLetters()
    held = Held()


class DeliveriesNow(Plain):
    today = Deliveries()


class WhatsApp(Plain):
    connected = serializers.BooleanField(allow_null=True)
    status = serializers.ChoiceField(choices=["connected", "silent", "disconnected", "unknown"])
    since = serializers.DateTimeField(allow_null=True)
    proofs = serializers.ListField(child=serializers.DictField())


class SystemState(Plain):
    state = serializers.CharField()
    failure_count = serializers.IntegerField()
    held = serializers.IntegerField()
    paused = serializers.BooleanField()


class AlertCounts(Plain):
    total = serializers.IntegerField()
    critical = serializers.IntegerField()


class Dashboard(Plain):
    timestamp = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=["healthy", "degraded", "critical"])
    reasons = HealthReason(many=True)
    events = EventsNow()
    queues = Queues()
    deliveries = DeliveriesNow()
    sync = serializers.DictField()
    whatsapp = WhatsApp()
    circuit_breakers = serializers.DictField(child=SystemState())
    alerts = AlertCounts()
    unmeasured = serializers.ListField(child=serializers.CharField())


class Status(Plain):
    status = serializers.ChoiceField(choices=["healthy", "degraded", "critical"])
    whatsapp = WhatsApp()
    services = serializers.DictField(child=SystemState())


class AlertRow(Plain):
    id = serializers.IntegerField()
    rule = serializers.CharField()
    subject = serializers.CharField(allow_blank=True)
    severity = serializers.ChoiceField(choices=["warning", "critical"])
    message = serializers.CharField()
    since = serializers.DateTimeField()
    acknowledged_by = serializers.CharField(allow_null=True)
    snoozed_until = serializers.DateTimeField(allow_null=True)
    symptoms = serializers.ListField(child=serializers.CharField())
    url = serializers.CharField()


class Alerts(Plain):
    total = serializers.IntegerField()
    alerts = AlertRow(many=True)


class EventFigures(Events):
    success_rate = serializers.FloatField(allow_null=True)


class DeliveryFigures(Deliveries):
    success_rate = serializers.FloatField(allow_null=True)


class Figures(Plain):
    events = EventFigures()
    deliveries = DeliveryFigures()
    sync_jobs = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))
    dead_letter_added = serializers.IntegerField()


class DayFigures(Figures):
    date = serializers.DateField()


class Answers(Plain):
    attempts = serializers.IntegerField()
    success_rate = serializers.FloatField(allow_null=True)
    median_ms = serializers.IntegerField(allow_null=True)
    p95_ms = serializers.IntegerField(allow_null=True)


class DailyReport(DayFigures):
    by_type = serializers.DictField(child=serializers.IntegerField())
    by_service = serializers.DictField(child=Answers())
    week_before = DayFigures()


class WeeklyReport(Figures):
    week = serializers.CharField()
    until = serializers.DateField()
    by_service = serializers.DictField(child=Answers())
    days = DayFigures(many=True)
    metrics = serializers.DictField(child=serializers.DictField())
    week_before = serializers.DictField()

    def get_fields(self) -> dict[str, serializers.Field]:
        """`from` is no name that Python lets a class have."""
        return {**super().get_fields(), "from": serializers.DateField()}
