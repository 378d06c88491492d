"""The embedded broker: kombu's folder of messages, whose files appear whole.

kombu writes a message into the folder it is read from; a consumer that reads in between gets half of it and
the worker ends. Here the file is written beside and renamed, which POSIX makes one step (rename(2)).
"""

import os
import shutil
import uuid
from pathlib import Path
from queue import Empty
from time import monotonic, time
from typing import Any

import tenacity
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

URL = "filesystem://localhost"  # the host means nothing; without one kombu complains
POLL_SECONDS = 0.05  # how often an idle consumer looks whether the folder changed
CLOCK_TICK_SECONDS = 0.05  # a folder's time of change is coarse: two changes within a tick may have the same
LIST_SECONDS = 1.0  # however little changed, the folder is listed this often


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
        """Take one message. kombu lists the folder for each queue at each look; here, when it changed."""
        changed_at = os.stat(self.data_folder_in).st_mtime  # noqa: PTH116 -- a Path costs twice as much
        now = monotonic()
        if changed_at == self.empty_since and now < self.listed_at + LIST_SECONDS:
            raise Empty
        is_settled = changed_at < time() - CLOCK_TICK_SECONDS and self.qos.can_consume()
        try:
            return super().drain_events(timeout, callback)
        except Empty:
            self.empty_since, self.listed_at = changed_at if is_settled else 0.0, now
            raise

    # kombu makes an exchange's file empty and fills it then: who comes in between finds no JSON
    @half_written_is_read_again
    def _queue_bind(self, *binding: Any) -> None:
        super()._queue_bind(*binding)

    @half_written_is_read_again
    def get_table(self, exchange: str) -> Any:
        return super().get_table(exchange)

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}"
        written = Path(self.data_folder_out) / f"{name}.tmp"
        written.write_text(dumps(payload))
        written.rename(written.with_name(f"{name}.{queue}.msg"))


class FilesystemTransport(filesystem.Transport):
    Channel = FilesystemChannel


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
