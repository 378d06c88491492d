"""The embedded broker: kombu's folder of messages, whose files appear whole.

kombu writes a message into the folder it is read from; a consumer that reads in between gets half of it and
the worker ends. Here the file is written beside and renamed, which POSIX makes one step (rename(2)).
"""

import ctypes
import math
import os
import select
import shutil
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from queue import Empty
from time import monotonic, sleep, time
from typing import Any

import tenacity
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

URL = "filesystem://localhost"  # the host means nothing; without one kombu complains
POLL_SECONDS = 0.05  # how often a consumer looks whether the folder changed, where no kernel says so
CLOCK_TICK_SECONDS = 0.05  # a folder's time of change is coarse: two changes within a tick may have the same
LIST_SECONDS = 1.0  # however little changed, the folder is listed this often
IN_MOVED_TO = 0x80  # of inotify(7): a message got the name by which it is found
libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


half_written_is_read_again = tenacity.retry(
    retry=tenacity.retry_if_exception_type(ValueError),
    stop=tenacity.stop_after_delay(5),
    wait=tenacity.wait_fixed(0.01),
    reraise=True,
)


class FilesystemChannel(filesystem.Channel):
    """Puts messages that are complete from the moment they can be seen, into folders that it makes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for folder in (self.data_folder_in, self.data_folder_out, self.control_folder):
            Path(folder).parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # who writes here gives orders
            Path(folder).mkdir(exist_ok=True)
        self.empty_since = 0.0  # the folder's time of change when nothing for us was in it
        self.listed_at = 0.0

    def drain_events(self, timeout: Any = None, callback: Any = None) -> Any:
        """Take one message. kombu lists the folder for each queue at each look; here, once it changed."""
        changed_at = os.stat(self.data_folder_in).st_mtime  # noqa: PTH116 -- a Path costs twice as much
        now = monotonic()
        if changed_at == self.empty_since and now < self.listed_at + LIST_SECONDS:
            raise Empty
        is_settled = changed_at < time() - CLOCK_TICK_SECONDS and self.qos.can_consume()
        with suppress(Empty):
            if self._is_any_for_us():
                return super().drain_events(timeout, callback)
        self.empty_since, self.listed_at = changed_at if is_settled else 0.0, now
        raise Empty

    def _is_any_for_us(self) -> bool:
        names = os.listdir(self.data_folder_in)  # noqa: PTH208 -- a Path each costs more
        queues = {name.partition(".")[2].removesuffix(".msg") for name in names}
        return not queues.isdisjoint(self._active_queues)

    def queue_bind(
        self, queue: str, exchange: str = "", routing_key: str = "", arguments: Any = None, **options: Any
    ) -> None:
        """Write the binding down before kombu remembers it, since other threads publish as soon as it does.

        A message for an exchange without a binding is dropped in silence.
        """
        exchange = exchange or "amq.direct"
        if not self.state.has_binding(queue, exchange, routing_key):
            binding = self.typeof(exchange).prepare_bind(queue, exchange, routing_key, arguments)
            self._queue_bind(exchange, *binding)
        super().queue_bind(queue, exchange, routing_key, arguments, **options)

    # kombu fills an exchange's file in place: who comes in between finds no JSON
    @half_written_is_read_again
    def _queue_bind(self, exchange: str, *binding: Any) -> None:
        self._make_table(exchange)
        super()._queue_bind(exchange, *binding)

    def _make_table(self, exchange: str) -> None:
        """Without losing what is in it: of two at once, kombu's later one would empty the earlier one's."""
        table = self._exchange_file(exchange)
        if not table.exists():
            table.parent.mkdir(exist_ok=True)
            empty = table.with_name(f"{uuid.uuid4()}.tmp")
            empty.write_text("[]")
            with suppress(FileExistsError):
                os.link(empty, table)
            empty.unlink()

    @half_written_is_read_again
    def get_table(self, exchange: str) -> Any:
        return super().get_table(exchange)

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}"
        written = Path(self.data_folder_out) / f"{name}.tmp"
        written.write_text(dumps(payload))
        written.rename(written.with_name(f"{name}.{queue}.msg"))


class FolderWatch:
    """Wakes up who waits for a message the moment it is put into the folder, where Linux says so."""

    def __init__(self, folder: str) -> None:
        self.watch = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC) if libc else -1
        if libc and libc.inotify_add_watch(self.watch, os.fsencode(folder), IN_MOVED_TO) < 0:
            self.close()  # the limit of the machine is reached, or there is none to watch

    def wait(self, seconds: float) -> None:
        if self.watch < 0:
            sleep(min(seconds, POLL_SECONDS))
        elif select.select([self.watch], [], [], seconds)[0]:
            os.read(self.watch, 65536)

    def close(self) -> None:
        if self.watch >= 0:
            os.close(self.watch)
            self.watch = -1


class FilesystemTransport(filesystem.Transport):
    Channel = FilesystemChannel
    client: Any
    cycle: Any
    watch: FolderWatch | None = None

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:  # type: ignore[override]
        """Deliver one message. kombu sleeps between its looks; here a message ends the wait."""
        if self.watch is None:
            self.watch = FolderWatch(self.client.transport_options["data_folder_in"])
        ends = math.inf if timeout is None else monotonic() + timeout
        while True:
            try:
                self.cycle.get(self._deliver, timeout=timeout)
                return
            except Empty:
                left = ends - monotonic()
                if left <= 0:
                    raise TimeoutError from None  # which socket.timeout is
            is_settled = all(channel.empty_since for channel in self.channels)
            self.watch.wait(min(left, LIST_SECONDS if is_settled else POLL_SECONDS))

    def close_connection(self, connection: Any) -> None:
        if self.watch is not None:
            self.watch.close()
            self.watch = None
        super().close_connection(connection)


def use() -> None:
    TRANSPORT_ALIASES["filesystem"] = "carinho.embedded.broker:FilesystemTransport"


def options(var_dir: Path) -> dict[str, Any]:
    """Kombu's transport options for `filesystem://` under VAR_DIR."""
    messages, control = var_dir / "broker" / "messages", var_dir / "broker" / "control"
    return {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
        "store_processed": False,
        "polling_interval": POLL_SECONDS,
    }


def clear(var_dir: Path) -> None:
    """Empty the broker: a file cut off in the middle would stop every consumer, and no message is needed."""
    shutil.rmtree(var_dir / "broker", ignore_errors=True)
