"""Rows as the API shows them, and what it takes."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from carinho.access.permissions import OPERATE, principal_of
from carinho.api.schema import example
from carinho.api.views import CommandBody
from carinho.masking import mask, mask_note, mask_text
from events import recipes
from events.models import Attempt, CircuitBreaker, DeadLetter, Delivery, Event

MOST_IDS = 10_000
LARGEST_ID = 2**63 - 1


def shows_people(request: Request) -> bool:
    """Whether the caller may see personal data: who also operates may."""
    principal = principal_of(request)
    return principal is not None and OPERATE in principal.scopes


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """What was sent and what came back are stored masked."""

    is_trial = serializers.BooleanField(source="is_probe", read_only=True)

    class Meta:
        model = Attempt
        fields = [
            "started_at",
            "duration_ms",
            "outcome",
            "is_trial",
            "status_code",
            "error",
            "sent",
            "answered",
        ]


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    attempt_log = AttemptSerializer(many=True)

    class Meta:
        model = Delivery
        fields = [
            "id",
            "step",
            "service",
            "after",
            "status",
            "skip_cause",
            "attempts",
            "due_at",
            "held_since",
            "useful_until",
            "error",
            "created_at",
            "finished_at",
            "attempt_log",
        ]


class EventSerializer(serializers.ModelSerializer[Event]):
    """An event in a list, where nobody's phone is in the clear. `caused_by` is also `caused_by_id`."""

    caused_by = serializers.IntegerField(source="caused_by_id", allow_null=True, read_only=True)
    subject = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = [
            "id",
            "type",
            "source",
            "status",
            "subject",
            "duplicates",
            "caused_by",
            "caused_by_id",
            "occurred_at",
            "received_at",
            "settled_at",
        ]

    def get_subject(self, event: Event) -> str:
        return mask_text(event.subject)


class EventDetailSerializer(EventSerializer):
    """One event with all that it caused. Personal data is masked for those who may only read."""

    key = serializers.SerializerMethodField()
    data = serializers.SerializerMethodField()  # type: ignore[assignment]
    deliveries = DeliverySerializer(many=True)

    class Meta(EventSerializer.Meta):
        fields = [*EventSerializer.Meta.fields, "key", "request_id", "data", "deliveries"]

    def get_subject(self, event: Event) -> str:
        return event.subject if self._shows_people() else super().get_subject(event)

    def get_key(self, event: Event) -> str:
        return event.key if self._shows_people() else mask_text(event.key)

    def get_data(self, event: Event) -> dict[str, Any]:
        shown: dict[str, Any] = event.data if self._shows_people() else mask(event.data)
        return shown

    def _shows_people(self) -> bool:
        return shows_people(self.context["request"])


class RetrySerializer(serializers.ModelSerializer[Delivery]):
    """A delivery that failed and is queued for another attempt at `due_at`."""

    event_type = serializers.CharField(source="event.type")

    class Meta:
        model = Delivery
        fields = [
            "id",
            "event_id",
            "event_type",
            "step",
            "service",
            "attempts",
            "due_at",
            "held_since",
            "error",
        ]


class DeadLetterListSerializer(serializers.ListSerializer[DeadLetter]):
    """What the team calls its failures is read once for all rows."""

    child: "DeadLetterSerializer"

    def to_representation(self, data: Any) -> Any:
        rows = list(data)
        self.child.known_recipes = recipes.of_items(rows)
        return super().to_representation(rows)


class DeadLetterSerializer(serializers.ModelSerializer[DeadLetter]):
    known_recipes: recipes.Recipes | None = None  # of a list

    reason_pt = serializers.SerializerMethodField(help_text=_("A causa, como o console a diz."))
    note = serializers.SerializerMethodField(
        help_text=_("O que uma pessoa escreveu; oculto para quem só pode ler.")
    )

    class Meta:
        model = DeadLetter
        list_serializer_class = DeadLetterListSerializer
        fields = [
            "id",
            "event_id",
            "reason",
            "reason_pt",
            "created_at",
            "delivery_id",
            "event_type",
            "service",
            "step",
            "cause",
            "status",
            "failures",
            "failed_at",
            "closed_at",
            "note",
            "moved_by",
        ]

    def get_reason_pt(self, dead_letter: DeadLetter) -> str:
        known = self.known_recipes or recipes.of_items([dead_letter])
        return known.of_item(dead_letter).texts.title

    def get_note(self, dead_letter: DeadLetter) -> str:
        is_shown = shows_people(self.context["request"])
        return dead_letter.note if is_shown else mask_note(dead_letter.note)


class DeadLetterDetailSerializer(DeadLetterSerializer):
    delivery = DeliverySerializer()

    class Meta(DeadLetterSerializer.Meta):
        fields = [*DeadLetterSerializer.Meta.fields, "delivery"]


class BreakerSerializer(serializers.ModelSerializer[CircuitBreaker]):
    """`held` counts the deliveries that are due and kept back."""

    next_trial_at = serializers.DateTimeField(source="next_probe_at", read_only=True, allow_null=True)
    paused = serializers.SerializerMethodField()
    held = serializers.SerializerMethodField()

    class Meta:
        model = CircuitBreaker
        fields = ["state", "failure_count", "opened_at", "next_trial_at", "held", "last_error", "paused"]

    def get_paused(self, breaker: CircuitBreaker) -> bool:
        return breaker.paused_at is not None

    def get_held(self, breaker: CircuitBreaker) -> int:
        counts: dict[str, int] = self.context["held"]
        return counts.get(breaker.service, 0)


@example({"reason": "Tratado por telefone"})
class Reason(CommandBody):
    reason = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, default="", help_text=_("Por quê, para a trilha.")
    )


@example({"service": "crm", "cause": "connection_timeout", "dry_run": True})
class Selection(CommandBody):
    """Which open items: those that match every field, or with `all` every one."""

    service = serializers.ChoiceField(choices=settings.LANES, required=False)
    cause = serializers.CharField(max_length=40, required=False)
    type = serializers.CharField(max_length=60, required=False)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID),
        max_length=MOST_IDS,
        required=False,
        help_text=_("Só estes, até 10.000."),
    )
    all = serializers.BooleanField(default=False, help_text=_("Todos; só sem nenhum filtro."))
    dry_run = serializers.BooleanField(default=False, help_text=_("Só conta, não muda nada."))

    FILTERS = ("service", "cause", "type", "since", "until", "ids")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if attrs["all"] == any(name in attrs for name in self.FILTERS):
            raise serializers.ValidationError(
                {"all": _("Diga quais itens, por um filtro, ou peça todos com true; não os dois.")}
            )
        return attrs


@example({"ids": [17, 18], "reason": "Cadastro de teste"})
class ArchiveSelection(Selection, Reason):
    """Which open items to archive, and why."""


class Counted(serializers.Serializer[Any]):
    """How many items were moved, or would be."""

    message = serializers.CharField()
    count = serializers.IntegerField()
    dry_run = serializers.BooleanField()


class Retried(serializers.Serializer[Any]):
    message = serializers.CharField()
    event_id = serializers.IntegerField()


@example({"limit": 100})
class Limit(CommandBody):
    limit = serializers.IntegerField(default=100, min_value=1, max_value=MOST_IDS)


class RetriedAll(serializers.Serializer[Any]):
    message = serializers.CharField()
    retried = serializers.IntegerField()
    total = serializers.IntegerField()


class MovedSerializer(serializers.Serializer[Any]):
    message = serializers.CharField()
    id = serializers.IntegerField()


class Statistics(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    by_status = serializers.DictField(child=serializers.IntegerField())
    by_cause = serializers.DictField(child=serializers.IntegerField())
    by_service = serializers.DictField(child=serializers.IntegerField())
    by_type = serializers.DictField(child=serializers.IntegerField())
    last_24h = serializers.IntegerField()
    last_7d = serializers.IntegerField()
    closed_since = serializers.DateTimeField()


class BreakerList(serializers.Serializer[Any]):
    services = serializers.DictField(child=BreakerSerializer())


class BreakerMoved(serializers.Serializer[Any]):
    message = serializers.CharField()
    status = BreakerSerializer()
