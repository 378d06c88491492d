"""What a system answers, already encoded: a repeat is answered with the same bytes."""

import json
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

JSON_TYPE = "application/json"
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Answer:
    """A status and a JSON body; no body when it is None."""

    __slots__ = ("content_type", "headers", "payload", "status")

    def __init__(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.payload = b"" if body is None else encode(body).encode()
        self.content_type = JSON_TYPE
        self.headers = headers

    @property
    def body(self) -> Any:
        return json.loads(self.payload) if self.payload and self.content_type == JSON_TYPE else None

    @classmethod
    def file(cls, payload: bytes, content_type: str) -> "Answer":
        """A 200 with this body."""
        answer = cls(200)
        answer.payload, answer.content_type = payload, content_type
        return answer


class Refusal(Exception):
    """The system does not do what it was asked; `answer` says why."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"message": message, **more})


class RequestModel(BaseModel):
    """A JSON object that is asked for: only the fields it names, in their own types."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @classmethod
    def read(cls, fields: dict[str, Any]) -> Self:
        """Raises Refusal naming the first field that is wrong."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Refusal(400, f"Invalid {where}: {first['input']!r}, {first['msg']}") from None


def created(record: Any) -> Answer:
    return Answer(201, {"data": record})


def found(record: Any) -> Answer:
    return Answer(200, {"data": record})


def put(record: Any, *, new: bool) -> Answer:
    return created(record) if new else found(record)
