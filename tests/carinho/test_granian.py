"""What web's processes are forked from."""

import json
import os
import subprocess
import sys

from carinho.embedded.processes import ROOT

LOADED = """
import json, threading
from carinho.granian import get_resolver
from django.db import connection
get_resolver().url_patterns
print(json.dumps([threading.active_count(), connection.connection is None]))
"""


def test_loading_the_hub_begins_no_thread_and_no_connection_that_a_fork_would_break() -> None:
    environ = os.environ | {"SECRET_KEY": "x", "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADED],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [1, True]
