"""The embedded broker: kombu's folder of messages, whose files appear whole.

kombu writes a message into the folder it is read from; a consumer that looks in between reads half of it and
the worker ends. Here the file is written beside and renamed, which POSIX makes one step (rename(2)).
"""

import uuid
from pathlib import Path
from time import monotonic
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Puts messages that are complete from the moment they can be seen."""

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}"
        written = Path(self.data_folder_out) / f"{name}.tmp"
        written.write_text(dumps(payload))
        written.rename(written.with_name(f"{name}.{queue}.msg"))


class Transport(filesystem.Transport):
    """`filesystem://` with whole messages."""

    Channel = Channel


def use() -> None:
    """Make kombu take this transport for `filesystem://` in this process."""
    TRANSPORT_ALIASES["filesystem"] = "carinho.broker:Transport"
