"""Whether the hub answers yet."""

import http.client

PATIENCE_SECONDS = 1.0


def missing(port: int) -> str | None:
    """What /ready still lacks, None when it answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/ready")
        response = connection.getresponse()
        return None if response.status == 200 else response.read(500).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return f"sem resposta ({error})"
    finally:
        connection.close()
