"""The embedded broker under several writers and readers at once."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

from carinho.embedded import broker
from tests.processes import eventually

OWN_QUEUE = "of-this-test"  # kombu remembers bindings by name, whatever the folder, in the whole process


def test_messages_are_read_whole_while_others_write(tmp_path):
    options = broker.options(tmp_path)

    def write(number):
        with Connection("filesystem://", transport_options=options) as connection:
            queue = connection.SimpleQueue("lane")
            for _ in range(100):
                queue.put({"number": number, "padding": "x" * 2000})

    def read(_):
        with Connection("filesystem://", transport_options=options) as connection:
            queue = connection.SimpleQueue("lane")
            got = []
            while len(got) < 100:
                message = queue.get(timeout=120)
                message.ack()
                got.append(message.payload["number"])
            return got

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read, number) for number in range(4)]
        list(pool.map(write, range(4)))
        got = sorted(number for reader in readers for number in reader.result())
    assert got == sorted(list(range(4)) * 100)


def test_binding_is_written_down_before_another_thread_may_count_on_it(tmp_path, monkeypatch):
    remembered = []

    def write_down(channel, exchange, routing_key, _pattern, queue):
        remembered.append(channel.state.has_binding(queue, exchange, routing_key))

    monkeypatch.setattr(broker.FilesystemChannel, "_queue_bind", write_down)
    with Connection("filesystem://", transport_options=broker.options(tmp_path)) as connection:
        connection.SimpleQueue("bound-by-this-test")
    assert remembered[0] is False


def test_who_makes_a_table_a_moment_later_leaves_the_bindings_in_it(tmp_path, monkeypatch):
    with Connection("filesystem://", transport_options=broker.options(tmp_path)) as connection:
        queue = connection.SimpleQueue("made-by-this-test")
        channel, name = queue.channel, "made-by-this-test"
        bound = channel.get_table(name)
        monkeypatch.setattr(Path, "exists", lambda _path: False)  # as it was when the other one looked
        channel._make_table(name)
        assert len(channel.get_table(name)) == len(bound) == 1


def test_message_put_by_one_connection_is_taken_by_another(tmp_path):
    options = broker.options(tmp_path)
    with Connection("filesystem://", transport_options=options) as sender:
        sender.SimpleQueue(OWN_QUEUE).put({"lane": "crm"})
    with Connection("filesystem://", transport_options=options) as receiver:
        assert receiver.SimpleQueue(OWN_QUEUE).get(timeout=60).payload == {"lane": "crm"}
    assert (tmp_path / "broker").stat().st_mode & 0o777 == 0o700


def test_forgotten_messages_are_gone_and_the_broker_works_on(tmp_path):
    with Connection("filesystem://", transport_options=broker.options(tmp_path)) as sender:
        sender.SimpleQueue("crm").put({"lane": "crm"})
    broker.clear(tmp_path)
    with Connection("filesystem://", transport_options=broker.options(tmp_path)) as receiver:
        with pytest.raises(Empty):
            receiver.SimpleQueue("crm").get(block=False)
        assert not list((tmp_path / "broker" / "messages").iterdir())


def test_folder_is_listed_again_only_when_it_changed_and_what_comes_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(broker, "LIST_SECONDS", 3600)
    options = broker.options(tmp_path)
    looks = []
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: looks.append(folder) or listdir(folder))
    with (
        Connection("filesystem://", transport_options=options) as receiver,
        Connection("filesystem://", transport_options=options) as sender,
    ):
        queue = receiver.SimpleQueue("listed")
        os.utime(tmp_path / "broker" / "messages", (0, 0))
        with pytest.raises(Empty):
            queue.get(timeout=0.1)
        assert looks.pop()
        looks.clear()
        with pytest.raises(Empty):
            queue.get(timeout=0.1)
        assert looks == []
        sender.SimpleQueue("listed").put("one")
        assert queue.get(timeout=120).payload == "one"


def test_message_ends_the_wait_of_who_waits_for_one(tmp_path, monkeypatch):
    waits = []
    wait = broker.FolderWatch.wait
    monkeypatch.setattr(broker.FolderWatch, "wait", lambda *args: waits.append(args) or wait(*args))
    monkeypatch.setattr(broker, "LIST_SECONDS", 3600)
    options = broker.options(tmp_path)
    with (
        Connection("filesystem://", transport_options=options) as receiver,
        Connection("filesystem://", transport_options=options) as sender,
        ThreadPoolExecutor(1) as other,
    ):
        queue = receiver.SimpleQueue("watched")
        os.utime(tmp_path / "broker" / "messages", (1, 1))
        got = other.submit(lambda: queue.get(timeout=60).payload)
        assert eventually(lambda: waits and waits[-1][1] > 1)  # and looks no more
        sender.SimpleQueue("watched").put("one")
        assert got.result(20) == "one"


def test_folder_that_cannot_be_watched_is_looked_at_as_before(tmp_path):
    watch = broker.FolderWatch(str(tmp_path / "missing"))
    watch.wait(0.01)
    assert watch.watch == -1
