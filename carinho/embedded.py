"""What runs the hub when no URL is given: PostgreSQL from a wheel, and a broker that is a folder.

A process that needs the database and finds no server starts one and leaves it running, since others may
have found it meanwhile. Only `python -m carinho.embedded`, a part of the supervisor, ends it.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from carinho.postgres import PostgresError, Server

BROKER_URL = "filesystem://localhost"  # the host means nothing; without one kombu complains
POLL_SECONDS = 0.02  # how often an idle consumer looks into the folder; about 1 % of a core


def database_url(var_dir: Path) -> str:
    """URL of the embedded PostgreSQL, started if it does not run. Raises PostgresError."""
    server = Server(var_dir)
    return server.url() or server.start()


def broker_options(var_dir: Path) -> dict[str, Any]:
    """Kombu's transport options for `filesystem://` under VAR_DIR; makes the folders."""
    messages, control = var_dir / "broker" / "messages", var_dir / "broker" / "control"
    messages.mkdir(parents=True, exist_ok=True)
    control.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
        "store_processed": False,
        "polling_interval": POLL_SECONDS,
    }


def forget_messages(var_dir: Path) -> None:
    """Empty the broker: a file cut off in the middle would stop every consumer, and no message is needed."""
    shutil.rmtree(var_dir / "broker", ignore_errors=True)


def serve(var_dir: Path) -> int:
    """Keep the server until SIGTERM or until the parent is gone, then end it; 1 if it died by itself."""
    server, parent = Server(var_dir), os.getppid()
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked.append(number))
    server.start()
    while not asked and os.getppid() == parent:
        if not server.lives():
            return 1
        time.sleep(0.3)
    server.stop()
    return 0


def main() -> int:
    try:
        return serve(Path(sys.argv[1]))
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
