"""The description of what the hub asks is what the clients ask."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from carinho.services import contract
from carinho.services.base import Service
from carinho.services.crm import CRM
from carinho.services.financeiro import Financeiro
from carinho.services.operacao import Operacao
from carinho.services.operation import PHONE
from sync.job import Job, Window


def printed():
    out = StringIO()
    call_command("contract", stdout=out)
    return out.getvalue()


def test_description_in_docs_is_the_printed_one():
    assert (Path(settings.BASE_DIR) / "docs" / "contrato-dos-sistemas.yaml").read_text() == printed()


def described():
    """By operation, as the file has it."""
    return {
        operation["operationId"]: operation
        for path in yaml.safe_load(printed())["paths"].values()
        for operation in path.values()
    }


def test_every_call_is_described_once_with_what_it_sends_and_what_is_read_of_its_answer():
    shown = described()
    assert set(shown) == {f"{each.system}.{each.name}" for each in contract.OPERATIONS}
    invoice = shown["financeiro.bill_service"]
    assert set(invoice["requestBody"]["content"]["application/json"]["schema"]["properties"]) == {
        "client_id",
        "service_id",
        "amount",
        "due_on",
        "description",
    }
    answer = shown["crm.contracts"]["responses"]["2XX"]["content"]["application/json"]["schema"]
    assert answer["required"] == ["data", "next_cursor"]
    assert answer["properties"]["data"]["items"]["required"] == ["id", "status"]


@pytest.mark.parametrize("pages", ["cursor", "number"])
def test_every_parameter_that_the_clients_and_synchronisations_ask_with_is_described(
    monkeypatch, settings, pages
):
    settings.SYSTEMS = {name: system | {"pages": pages} for name, system in settings.SYSTEMS.items()}
    asked = {}

    def request(self, method, path, *, doing, json=None, params=None):
        operation = contract.declared(self.name, method, path)
        asked.setdefault(f"{self.name}.{operation.name}", set()).update(params or {})
        about = {"current_page": int(params.get("page", 1)), "last_page": 1}
        return {"data": [], "meta": about, "next_cursor": None}

    monkeypatch.setattr(Service, "request", request)
    CRM().find_lead(phone=PHONE, lid="1@lid")
    assert [*Operacao().schedules_of(["1"]), *Financeiro().service_invoices(["1"])] == []
    window = Window(timezone.now(), since=timezone.now() - timedelta(days=1))
    for job in Job.registry.values():
        for cursor in ("", "2"):
            job.pull(job.source(), cursor, window)
            job.pull_all(job.source(), f"1:{cursor}" if job.name != "sync.cuidadores_crm" else cursor, window)
    shown = {
        name: {each["name"] for each in operation["parameters"] if each["in"] == "query"}
        for name, operation in described().items()
    }
    assert not any(names - shown[name] for name, names in asked.items()), asked
    lists = {f"{each.system}.{each.name}" for each in contract.OPERATIONS if each.is_list}
    assert asked.keys() == lists
    other_pages = {"page", "per_page"} if pages == "cursor" else {"cursor", "limit"}
    never = {name: shown[name] - asked[name] - other_pages for name in lists - {"crm.find_lead"}}
    assert not any(names - {"cursor"} for names in never.values()), never


def test_refusal_of_what_is_there_already_is_described_where_the_hub_reads_it():
    conflicts = {
        name: operation["responses"]["409"]["content"]["application/json"]["schema"]
        for name, operation in described().items()
        if "409" in operation["responses"]
    }
    assert set(conflicts) == {"crm.create_lead", "crm.update_lead"}
    assert conflicts["crm.create_lead"]["properties"]["data"]["required"] == ["id"]
