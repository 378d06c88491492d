"""The systems around the hub, played locally: with memory, and with faults on a switch.

Started by `python -m carinho.simulator`; knows nothing of Django, and nothing of the hub.
"""

HOST = "127.0.0.1"
PORT = 8100
ADDRESS = f"http://{HOST}:{PORT}"
API_KEY = "simulator"  # the X-API-Key of every system
ZAPI_INSTANCE = "simulator"
ZAPI_TOKEN = "simulator"  # noqa: S105 -- opens nothing but this simulator
ZAPI_CLIENT_TOKEN = "simulator"  # noqa: S105
