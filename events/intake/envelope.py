"""What arrives, made into what is stored: tolerant of the senders, strict with the data."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import ValidationError

from events.flow import Data, Flow, Step
from events.intake.payload import MOMENT, is_blank, phone_in, problems
from events.models import WithoutFlow

DERIVED_KEY = "sha256:"
LONGEST_KEY = 180
TYPE_NAMES = ("type", "event_type", "event")
ID_NAMES = ("id", "idempotency_key")
MOMENT_NAMES = ("occurred_at", "timestamp")
HEADERS = ("X-Event-Type", "Idempotency-Key", "X-Source")  # what a sender may say there instead
NEW_TYPE = re.compile(r"[A-Za-z0-9_.:-]{1,60}")  # one that no flow knows yet
FUTURE_TOLERANCE = timedelta(days=1)


class RequestRejected(Exception):
    """Data that is not taken in: a code for programs, a Portuguese sentence, the wrong fields.

    Where a sender is answered with it, the request is kept. Other calls of the API raise `Problem`.
    """

    def __init__(
        self, code: str, detail: str, *, status: int, fields: Mapping[str, str] | None = None
    ) -> None:
        self.code = code
        self.detail = detail
        self.status = status
        self.fields = dict(fields or {})
        super().__init__(detail)


@dataclass(frozen=True)
class Envelope:
    """An accepted event that is not stored yet, with the steps it will cause.

    A proven system's event of a type that no flow knows yet is accepted too: it would not be sent again.
    """

    type: str
    source: str
    key: str
    digest: str
    data: Data
    as_sent: Data
    subject: str
    phone: str
    occurred_at: datetime
    received_at: datetime
    without_flow: str = ""  # why no flow takes it: a `WithoutFlow`
    steps: list[Step] = field(default_factory=list)
    caused_by: int | None = None
    request_id: str = ""
    trace_id: str = ""


def canonical(value: Any) -> str:
    """JSON that is the same for equal values, whatever the order of their keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(type: str, data: Any) -> str:
    return hashlib.sha256(f"{type}\n{canonical(data)}".encode()).hexdigest()


def parse(body: bytes) -> Any:
    """Decode JSON. Raises `RequestRejected` for anything that is not, `NaN` and lone surrogates included."""
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        canonical(value).encode()
        return value
    except (ValueError, RecursionError) as error:
        raise RequestRejected("invalid_json", _("O corpo não é um JSON válido."), status=400) from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("number out of range")
    return number


def read(
    body: Any,
    *,
    source: str,
    headers: Mapping[str, str] | None = None,
    caused_by: int | None = None,
    request_id: str = "",
    trace_id: str = "",
) -> Envelope:
    """Make an envelope of a decoded body. Raises `RequestRejected` naming every wrong field in Portuguese."""
    headers = headers or {}
    if not isinstance(body, dict):
        raise RequestRejected(
            "invalid_envelope", _("O corpo deve ser um objeto JSON com type e data."), status=422
        )
    wrong: dict[str, str] = {}
    type = _type(body, headers, source, wrong)
    flow = Flow.registry.get(type)
    data = _data(body, wrong)
    key = _key(body, headers, wrong)
    payload = _payload(flow, data, source, wrong)
    occurred_at = _occurred_at(body, flow, payload, wrong)
    if wrong:
        code = "unknown_type" if flow is None and set(wrong) == {"type"} else "invalid_data"
        names = ", ".join(sorted(wrong))
        raise RequestRejected(
            code, _("Há campos errados: %(names)s.") % {"names": names}, status=422, fields=wrong
        )
    digest = digest_of(type, data)
    return Envelope(
        type=type,
        source=source,
        key=key or _derived_key(digest, body),
        digest=digest,
        data=payload,
        as_sent={name: value for name, value in data.items() if payload.get(name) != value},
        subject=flow.subject_of(payload) if flow else "",
        phone=phone_in(flow.payload, payload)[:20] if flow else "",
        occurred_at=occurred_at,
        received_at=timezone.now(),
        without_flow="" if flow else WithoutFlow.UNKNOWN_TYPE,
        steps=flow.steps_for(payload, source) if flow else [],
        caused_by=caused_by,
        request_id=request_id,
        trace_id=trace_id,
    )


def _first(body: Data, *names: str) -> Any:
    """The first of these fields that says something, else the first there is: a form sends blank ones."""
    given = [body[name] for name in names if body.get(name) is not None]
    return next((value for value in given if not is_blank(value)), given[0] if given else None)


def _type(body: Data, headers: Mapping[str, str], source: str, wrong: dict[str, str]) -> str:
    """The type, which a flow takes from this source, or none yet where a system of ours sends it."""
    type = _first(body, *TYPE_NAMES)
    if is_blank(type):
        type = headers.get("X-Event-Type")
    if not type:
        wrong["type"] = _("Campo obrigatório.")
        return ""
    flow = Flow.registry.get(type) if isinstance(type, str) else None
    if flow and source not in ("api", *flow.sources):
        wrong["type"] = _("O sistema %(source)s não envia %(type)s.") % {"source": source, "type": type}
    elif not flow and not _may_be_new(type, source):
        wrong["type"] = _("Tipo de evento desconhecido: %(type)s.") % {"type": str(type)[:60]}
    return str(type)


def _may_be_new(type: Any, source: str) -> bool:
    """A type that no flow knows yet, from a system of ours: it would not be sent again."""
    return isinstance(type, str) and source in settings.SOURCES and bool(NEW_TYPE.fullmatch(type))


def _data(body: Data, wrong: dict[str, str]) -> Data:
    data = _first(body, "data", "payload")
    if isinstance(data, dict):
        return data
    wrong["data"] = _("Campo obrigatório.") if data is None else _("Deve ser um objeto com campos.")
    return {}


def _occurred_at(body: Data, flow: Flow | None, payload: Data, wrong: dict[str, str]) -> datetime:
    """When the sender says it happened: in the envelope, or else in the data, at the latest now."""
    now = timezone.now()
    given = _first(body, *MOMENT_NAMES)
    if is_blank(given):
        said = payload.get(flow.payload.happened) if flow and flow.payload.happened else None
        return min(datetime.fromisoformat(said), now) if said else now
    try:
        moment = MOMENT.validate_python(given)
    except (ValidationError, OverflowError):
        wrong["occurred_at"] = _("Deve ser data e hora, como 2026-01-23T10:30:00-03:00.")
        return now
    if moment > now + FUTURE_TOLERANCE:
        wrong["occurred_at"] = _("Está no futuro.")
    return moment


def _key(body: Data, headers: Mapping[str, str], wrong: dict[str, str]) -> str:
    given = _first(body, *ID_NAMES)
    if is_blank(given):
        given = headers.get("Idempotency-Key", "")
    if isinstance(given, bool) or not isinstance(given, str | int):
        wrong["id"] = _("Deve ser um texto ou um número.")
        return ""
    key = str(given)
    if len(key) > LONGEST_KEY or "\x00" in key or key.startswith(DERIVED_KEY):
        wrong["id"] = _("Deve ter no máximo %(count)d caracteres comuns.") % {"count": LONGEST_KEY}
    return key


def _derived_key(digest: str, body: Data) -> str:
    """The key of what came without an id: the same type and data are the same event."""
    timestamp = body.get("timestamp")
    return DERIVED_KEY + (digest_of(digest, timestamp) if timestamp else digest)


def _payload(flow: Flow | None, data: Data, source: str, wrong: dict[str, str]) -> Data:
    if "data" in wrong:
        return {}
    if "\\u0000" in canonical(data).replace("\\\\", ""):
        wrong["data"] = _("Tem um caractere que não pode ser guardado.")
        return {}
    if flow is None:
        return data
    try:
        payload = flow.payload.model_validate(data, context={"source": source})
        return payload.model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        wrong.update({f"data.{name}": sentence for name, sentence in problems(error).items()})
    except (ValueError, RecursionError):
        wrong["data"] = _("Tem uma estrutura que não pode ser guardada.")
    return {}
