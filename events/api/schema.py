"""The OpenAPI document's part that no serializer knows: the events, from the declarations of the flows."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import Direction, OpenApiResponse
from rest_framework import serializers

from carinho.api.schema import problems
from events.demo import samples
from events.flow import Flow

REF = "#/components/schemas/"


class EnvelopeSerializer(serializers.Serializer[Any]):
    """Stands for an event as it comes in; its schema is made of what the flows declare."""


class Batch(serializers.Serializer[Any]):
    events = EnvelopeSerializer(many=True)


class ReceiptSerializer(serializers.Serializer[Any]):
    """`duplicate` says that this id was known already; nothing is done twice."""

    status = serializers.CharField(default="received")
    event_id = serializers.IntegerField()
    duplicate = serializers.BooleanField()


class ItemAnswer(serializers.Serializer[Any]):
    """What the event would have been answered alone, with its status code inside."""

    status_code = serializers.IntegerField()
    status = serializers.CharField(required=False)
    event_id = serializers.IntegerField(required=False)
    duplicate = serializers.BooleanField(required=False)
    code = serializers.CharField(required=False)
    detail = serializers.CharField(required=False)
    fields = serializers.DictField(child=serializers.CharField(), required=False)  # type: ignore[assignment]


class BatchAnswer(serializers.Serializer[Any]):
    results = ItemAnswer(many=True)


ACCEPTED = {
    202: OpenApiResponse(ReceiptSerializer, description=str(_("Guardado."))),
    200: OpenApiResponse(ReceiptSerializer, description=str(_("Já era conhecido."))),
    **problems(400, 401, 403, 409, 413, 422, 429),
}


class EnvelopeExtension(OpenApiSerializerExtension):
    """One alternative per event type, distinguished by `type`."""

    target_class = EnvelopeSerializer

    def get_name(self, auto_schema: AutoSchema, direction: Direction) -> str:
        return "EventIn"

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        flows = [Flow.registry[name] for name in sorted(Flow.registry)]
        references = {flow.type: REF + _register(auto_schema, flow) for flow in flows}
        return {
            "oneOf": [{"$ref": reference} for reference in references.values()],
            "discriminator": {"propertyName": "type", "mapping": references},
        }


def _register(auto_schema: AutoSchema, flow: Flow) -> str:
    """Put one event type and its data into the document; the name under which it stands there."""
    name = "".join(word.capitalize() for word in flow.type.replace("_", ".").split("."))
    data = flow.payload.model_json_schema(ref_template=REF + name + "{model}")
    for part, schema in data.pop("$defs", {}).items():
        _add(auto_schema, name + part, schema)
    del data["title"]  # by which generated clients would call it
    _add(auto_schema, f"{name}Data", data)
    _add(auto_schema, name, _envelope(flow, f"{REF}{name}Data"))
    return name


def _envelope(flow: Flow, data: str) -> dict[str, Any]:
    try:
        examples = [samples.load(flow.type)]
    except FileNotFoundError:
        examples = []
    return {
        "description": str(flow.title),
        "type": "object",
        "examples": examples,
        "required": ["type", "data"],
        "properties": {
            "type": {"const": flow.type},
            "id": {
                "type": ["string", "integer"],
                "description": "O que já foi recebido com este id não é recebido de novo.",
            },
            "occurred_at": {"type": "string", "format": "date-time"},
            "source": {"anyOf": [{"const": source} for source in flow.sources]},
            "data": {"$ref": data},
        },
    }


def _add(auto_schema: AutoSchema, name: str, schema: dict[str, Any]) -> None:
    component = ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, schema=schema, object=name)
    auto_schema.registry.register_on_missing(component)
