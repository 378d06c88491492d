"""Memory of a long demo: the oldest is forgotten, and what is kept stays whole."""

import json

import pytest

from carinho.simulator import memory, tables
from carinho.simulator.memory import IdempotencyKeys
from carinho.simulator.protocol import created
from carinho.simulator.systems.zapi import outbox
from carinho.simulator.systems.zapi.registry import Registration
from carinho.simulator.tables import Table


def listed(table, **query):
    return json.loads(table.page(query).body)


@pytest.fixture
def crowded(monkeypatch):
    """A table that keeps ten at most, after eleven came."""
    monkeypatch.setattr(tables, "MOST_RECORDS", 10)
    table = Table(unique=["phone"])
    for number in range(11):
        table.add({"phone": f"55110000000{number:02d}"})
    return table


def test_table_forgets_its_older_half_and_finds_the_rest(crowded):
    assert [record["id"] for record in listed(crowded)["data"]] == [6, 7, 8, 9, 10, 11]
    assert crowded.like({"phone": "5511000000000"}) is None
    assert crowded.like({"phone": "5511000000010"})["id"] == 11


def test_cursor_from_before_the_forgetting_goes_on_where_it_was(crowded):
    page = listed(crowded, cursor="7", limit="2")
    assert [record["id"] for record in page["data"]] == [8, 9]
    assert page["next_cursor"] == "9"
    assert listed(crowded, cursor="2", limit="1")["data"][0]["id"] == 6


def test_oldest_key_is_forgotten(monkeypatch):
    monkeypatch.setattr(memory, "MOST_KEYS", 2)
    keys = IdempotencyKeys()
    for key in ("a", "b", "c"):
        keys.done(key, "POST", "/", created({}))
    assert keys.first_answer("a", "POST", "/") is None
    assert keys.writes() == {"b": 1, "c": 1}


def test_oldest_message_is_forgotten(monkeypatch):
    monkeypatch.setattr(outbox, "MOST_KEPT", 2)
    messages = outbox.Outbox()
    kept = [messages.take("text", {"phone": "5511987654321"}, Registration(None)) for _ in range(3)][1:]
    assert list(messages.truth()["messages"]) == [message.message_id for message in kept]
