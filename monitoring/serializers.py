"""The shapes of monitoring's answers, for the OpenAPI document. A component is named without "Serializer"."""

from typing import Any

from rest_framework import serializers

Plain = serializers.Serializer[Any]


class HealthReasonSerializer(Plain):
    rule = serializers.CharField()
    severity = serializers.ChoiceField(choices=["warning", "critical"])
    message = serializers.CharField()
    url = serializers.CharField()
    value = serializers.FloatField()
    limit = serializers.FloatField(allow_null=True)


class EventsSerializer(Plain):
    total = serializers.IntegerField()
    processed = serializers.IntegerField()
    failed = serializers.IntegerField()
    archived = serializers.IntegerField()


class DeliveriesSerializer(Plain):
    total = serializers.IntegerField()
    success = serializers.IntegerField()
    failed = serializers.IntegerField()


class EventsNowSerializer(Plain):
    pending = serializers.IntegerField()
    today = EventsSerializer()
    by_type = serializers.DictField(child=serializers.IntegerField())
    by_source = serializers.DictField(child=serializers.IntegerField())


class RetryQueueSerializer(Plain):
    total = serializers.IntegerField()
    ready = serializers.IntegerField()
    oldest = serializers.DateTimeField(allow_null=True)


class DeadLettersSerializer(Plain):
    total = serializers.IntegerField()
    today = serializers.IntegerField()
    by_cause = serializers.DictField(child=serializers.IntegerField())


class HeldSerializer(Plain):
    total = serializers.IntegerField()
    by_service = serializers.DictField(child=serializers.IntegerField())


class QueuesSerializer(Plain):
    retry_queue = RetryQueueSerializer()
    dead_letter = DeadLettersSerializer()
    held = HeldSerializer()


class DeliveriesNowSerializer(Plain):
    today = DeliveriesSerializer()


class WhatsAppSerializer(Plain):
    connected = serializers.BooleanField(allow_null=True)
    status = serializers.ChoiceField(choices=["connected", "silent", "disconnected", "unknown"])
    since = serializers.DateTimeField(allow_null=True)
    proofs = serializers.ListField(child=serializers.DictField())


class SystemStateSerializer(Plain):
    state = serializers.CharField()
    failure_count = serializers.IntegerField()
    held = serializers.IntegerField()
    paused = serializers.BooleanField()


class AlertCountsSerializer(Plain):
    total = serializers.IntegerField()
    critical = serializers.IntegerField()


class VerdictSerializer(Plain):
    status = serializers.ChoiceField(choices=["healthy", "degraded", "critical"])
    critical_alerts = serializers.IntegerField()
    warning_alerts = serializers.IntegerField()


class DashboardSerializer(Plain):
    timestamp = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=["healthy", "degraded", "critical"])
    headline = serializers.CharField()
    working = serializers.BooleanField()
    health = VerdictSerializer()
    dependencies = serializers.DictField(child=serializers.CharField())
    reasons = HealthReasonSerializer(many=True)
    events = EventsNowSerializer()
    queues = QueuesSerializer()
    deliveries = DeliveriesNowSerializer()
    sync = serializers.DictField()
    whatsapp = WhatsAppSerializer()
    circuit_breakers = serializers.DictField(child=SystemStateSerializer())
    alerts = AlertCountsSerializer()
    unmeasured = serializers.ListField(child=serializers.CharField())


class StatusSerializer(Plain):
    timestamp = serializers.DateTimeField()
    events = serializers.DictField(child=serializers.IntegerField())
    retry_queue = serializers.DictField(child=serializers.IntegerField())
    dead_letter = serializers.DictField(child=serializers.IntegerField())
    sync_jobs = serializers.DictField(child=serializers.IntegerField())
    circuit_breakers = serializers.DictField(child=serializers.DictField())
    status = serializers.ChoiceField(choices=["healthy", "degraded", "critical"])
    whatsapp = WhatsAppSerializer()
    services = serializers.DictField(child=SystemStateSerializer())
    unmeasured = serializers.ListField(child=serializers.CharField())


class NumbersSerializer(Plain):
    """Counts by name."""


class AlertRowSerializer(Plain):
    id = serializers.IntegerField(allow_null=True)
    rule = serializers.CharField()
    subject = serializers.CharField(allow_blank=True)
    severity = serializers.ChoiceField(choices=["warning", "critical"])
    level = serializers.ChoiceField(choices=["warning", "critical"])
    type = serializers.CharField()
    message = serializers.CharField()
    since = serializers.DateTimeField()
    acknowledged_by = serializers.CharField(allow_null=True)
    snoozed_until = serializers.DateTimeField(allow_null=True)
    symptoms = serializers.ListField(child=serializers.CharField())
    url = serializers.CharField()


class AlertsSerializer(Plain):
    total = serializers.IntegerField()
    critical = serializers.IntegerField()
    warning = serializers.IntegerField()
    alerts = AlertRowSerializer(many=True)
    reminders = AlertRowSerializer(many=True)
    settling = AlertRowSerializer(many=True)


class EventFiguresSerializer(EventsSerializer):
    success_rate = serializers.FloatField(allow_null=True)


class DeliveryFiguresSerializer(DeliveriesSerializer):
    success_rate = serializers.FloatField(allow_null=True)


class FiguresSerializer(Plain):
    events = EventFiguresSerializer()
    deliveries = DeliveryFiguresSerializer()
    sync_jobs = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))
    dead_letter_added = serializers.IntegerField()


class DayFiguresSerializer(FiguresSerializer):
    date = serializers.DateField()


class AnswersSerializer(Plain):
    attempts = serializers.IntegerField()
    success_rate = serializers.FloatField(allow_null=True)
    median_ms = serializers.IntegerField(allow_null=True)
    p95_ms = serializers.IntegerField(allow_null=True)


class DailyReportSerializer(DayFiguresSerializer):
    by_type = serializers.DictField(child=serializers.IntegerField())
    by_service = serializers.DictField(child=AnswersSerializer())
    week_before = DayFiguresSerializer()


class WeeklyReportSerializer(FiguresSerializer):
    week = serializers.CharField()
    until = serializers.DateField()
    by_service = serializers.DictField(child=AnswersSerializer())
    days = DayFiguresSerializer(many=True)
    metrics = serializers.DictField(child=serializers.DictField())
    week_before = serializers.DictField()

    def get_fields(self) -> dict[str, serializers.Field]:
        """`from` is no name that Python lets a class have."""
        return {**super().get_fields(), "from": serializers.DateField()}
