"""The description of what the hub asks is what the clients ask."""

from io import StringIO
from pathlib import Path

import yaml
from django.conf import settings
from django.core.management import call_command

from carinho.services import contract


def printed():
    out = StringIO()
    call_command("contract", stdout=out)
    return out.getvalue()


def test_description_in_docs_is_the_printed_one():
    assert (Path(settings.BASE_DIR) / "docs" / "contrato-dos-sistemas.yaml").read_text() == printed()


def test_every_call_is_described_once_with_what_it_sends_and_what_is_read_of_its_answer():
    described = {
        operation["operationId"]: operation
        for path in yaml.safe_load(printed())["paths"].values()
        for operation in path.values()
    }
    assert set(described) == {f"{each.system}.{each.name}" for each in contract.OPERATIONS}
    invoice = described["financeiro.bill_service"]
    assert set(invoice["requestBody"]["content"]["application/json"]["schema"]["properties"]) == {
        "client_id",
        "service_id",
        "amount",
        "due_on",
        "description",
    }
    answer = described["crm.contracts"]["responses"]["2XX"]["content"]["application/json"]["schema"]
    assert answer["required"] == ["data", "next_cursor"]
    assert answer["properties"]["data"]["items"]["required"] == ["id", "status"]
