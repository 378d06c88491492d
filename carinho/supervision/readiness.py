"""Whether the hub answers yet."""

import http.client
import json

PATIENCE_SECONDS = 1.0


def missing(port: int) -> str | None:
    """What /ready says is missing, None when it answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/ready", headers={"Accept": "application/json"})
        response = connection.getresponse()
        return None if response.status == 200 else detail(response.read())
    except (OSError, http.client.HTTPException) as error:
        return f"a porta {port} não responde ({error})."
    finally:
        connection.close()


def detail(body: bytes) -> str:
    """The sentence in an answer of the hub, or the start of what is none."""
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode("utf-8", "replace")
