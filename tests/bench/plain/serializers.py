"""What an event must look like."""

from rest_framework import serializers


class ReceivedPayment(serializers.Serializer):
    payment_id = serializers.IntegerField(min_value=1)
    invoice_id = serializers.IntegerField(min_value=1)
    client_id = serializers.IntegerField(min_value=1)
    client_phone = serializers.RegexField(r"^\d{10,13}$")
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, coerce_to_string=True)
    paid_at = serializers.DateTimeField()


class UpdatedClient(serializers.Serializer):
    client_id = serializers.IntegerField(min_value=1)
    changes = serializers.DictField()


PAYLOADS = {"payment.received": ReceivedPayment, "client.updated": UpdatedClient}


class Envelope(serializers.Serializer):
    type = serializers.ChoiceField(choices=sorted(PAYLOADS))
    id = serializers.CharField(max_length=200)
    source = serializers.CharField(max_length=20)
    occurred_at = serializers.DateTimeField()
    data = serializers.DictField()

    def validate(self, attrs: dict) -> dict:
        payload = PAYLOADS[attrs["type"]](data=attrs["data"])
        payload.is_valid(raise_exception=True)
        return attrs | {"data": payload.data}
