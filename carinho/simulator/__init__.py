"""The systems around the hub, played locally: with memory, and with faults that can be switched on.

Started by `python -m carinho.simulator`; knows nothing of Django, and nothing of the hub. Read `server`, then
`system` (what every call passes), then a system, as `systems.crm`. Z-API begins at `systems.zapi.account`.
"""

HOST = "127.0.0.1"
PORT = 8100
ADDRESS = f"http://{HOST}:{PORT}"
API_KEY = "simulator"  # the X-API-Key of every system
ZAPI_INSTANCE = "simulator"
ZAPI_TOKEN = "simulator"  # noqa: S105 -- opens nothing but this simulator
ZAPI_CLIENT_TOKEN = "simulator"  # noqa: S105
