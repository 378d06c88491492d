from typing import Any

from rest_framework import serializers

from carinho.masking import mask_phone
from whatsapp.models import SentMessage


class Stored(serializers.Serializer[Any]):
    status = serializers.CharField(default="received")


class MessageSerializer(serializers.ModelSerializer[SentMessage]):
    """The status with its timestamps; `reason` says in Portuguese why it failed."""

    event_id = serializers.IntegerField(source="delivery.event_id", read_only=True)
    delivery_id = serializers.IntegerField(read_only=True)
    phone = serializers.SerializerMethodField()
    reason = serializers.CharField(read_only=True)
    useful_until = serializers.DateTimeField(source="delivery.useful_until", read_only=True)

    class Meta:
        model = SentMessage
        fields = [
            "id", "event_id", "delivery_id", "name", "phone", "status", "failure", "reason", "message_id",
            "created_at", "accepted_at", "sent_at", "delivered_at", "read_at", "played_at", "failed_at",
            "useful_until", "reaction",
        ]  # fmt: skip

    def get_phone(self, message: SentMessage) -> str:
        return mask_phone(message.phone) if message.phone else ""
