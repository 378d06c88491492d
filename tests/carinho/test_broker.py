"""The embedded broker under several writers and readers at once."""

from concurrent.futures import ThreadPoolExecutor

from kombu import Connection

from carinho import embedded


def test_messages_are_read_whole_while_others_write(tmp_path):
    options = embedded.broker_options(tmp_path)

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
                message = queue.get(timeout=20)
                message.ack()
                got.append(message.payload["number"])
            return got

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read, number) for number in range(4)]
        list(pool.map(write, range(4)))
        got = sorted(number for reader in readers for number in reader.result())
    assert got == sorted(list(range(4)) * 100)
