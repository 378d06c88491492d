"""Files of people's messages, behind links that end."""

from carinho.simulator.answers import Answer
from carinho.simulator.systems.zapi.contents import EXPIRED, MEDIA_PATH

PREFIX = MEDIA_PATH
TYPES = {
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "ogg": "audio/ogg",
    "mp4": "video/mp4",
    "pdf": "application/pdf",
}


def fetch(name: str) -> Answer:
    """A file of few bytes; 404 behind an expired link."""
    if name.startswith(EXPIRED):
        return Answer(404, {"code": "not_found", "message": "File with such name does not exist."})
    kind = TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    return Answer.file(f"simulated {name}".encode(), kind)
