"""How far a message got. A message only climbs; a receipt proves a failure wrong."""

QUEUED, REMOVED, SENT, FAILED = "QUEUED", "REMOVED", "SENT", "FAILED"
RECEIVED, READ, PLAYED = "RECEIVED", "READ", "PLAYED"
LADDER = (QUEUED, REMOVED, SENT, FAILED, RECEIVED, READ, PLAYED)
HEIGHT = {status: height for height, status in enumerate(LADDER)}


def higher(one: str, other: str) -> str:
    return max(one, other, key=HEIGHT.__getitem__)
