"""What was refused at the edge is kept with its cause, and can be put through after a fix, or archived."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.console import labels
from carinho.logs import request_id
from carinho.masking import NEW_WORD, REMOVED, SECRET
from events.differences import differences, for_audit_log
from events.intake import dialects, envelope, ingestion
from events.intake.envelope import Envelope, RequestRejected
from events.intake.ingestion import Conflict, Receipt
from events.intake.payload import is_blank
from events.intake.request_body import KEPT_BYTES
from events.models import RejectedRequest
from events.operations import UNDO_WINDOW

MAY_NOT_SEND = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
NAMES = {"type": envelope.TYPE_NAMES, "id": envelope.ID_NAMES}

ACCEPTED = Audited("rejected_request.accept", _("aceitou um recusado"))
ARCHIVED = Audited("rejected_request.archive", _("arquivou um recusado"))
RESTORED = Audited("rejected_request.restore", _("restaurou um recusado"))


class NotOpen(RequestRejected):
    """There is nothing to accept, or not any more; the detail says why."""


@dataclass
class Incoming:
    """A request at the edge, as far as it is known when it is refused."""

    source: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_proven: bool = False
    is_cut: bool = False


# By source, what puts a body through that is no event's envelope. Raises `RequestRejected`.
acceptors: dict[str, Callable[[bytes], None]] = {}


def keep(error: RequestRejected, incoming: Incoming) -> None:
    """Keep one refused request; without its body if nobody proved who sent it, or they may not send it."""
    keep_all([(error, incoming)])


def keep_all(refused: Iterable[tuple[RequestRejected, Incoming]]) -> None:
    RejectedRequest.objects.bulk_create([_row(error, incoming) for error, incoming in refused])


def _row(error: RequestRejected, incoming: Incoming) -> RejectedRequest:
    is_proven = incoming.is_proven and error.status not in MAY_NOT_SEND
    body, event_type = _readable(incoming) if is_proven else ("", "")
    kept = body.encode(errors="replace")[:KEPT_BYTES].decode(errors="ignore")
    return RejectedRequest(
        source=incoming.source,
        code=error.code,
        detail=_storable(str(error.detail)),
        fields={_storable(name): _storable(str(sentence)) for name, sentence in error.fields.items()},
        status_code=error.status,
        type=_storable(event_type)[:60],
        body=kept,
        is_cut=incoming.is_cut or len(kept) < len(body),
        is_proven=is_proven,
        request_id=request_id.get(),
    )


def _readable(incoming: Incoming) -> tuple[str, str]:
    """The body as text without secrets, with what only the headers said put into it; and the event's type."""
    try:
        body = _without_secrets(envelope.parse(incoming.body))
    except (RequestRejected, RecursionError):
        return _storable(incoming.body.decode(errors="replace")), ""
    if isinstance(body, dict):
        body = body | _from_headers(incoming.headers, body)
    return json.dumps(body, ensure_ascii=False), _type_of(body)


def _without_secrets(value: Any) -> Any:
    """Personal data stays: the request could not be put through without it."""
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    if not isinstance(value, dict):
        return value
    is_secret = {name: SECRET.search(NEW_WORD.sub("_", name).lower().replace("-", "_")) for name in value}
    return {name: REMOVED if is_secret[name] else _without_secrets(inner) for name, inner in value.items()}


def _from_headers(headers: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, str]:
    said = {"type": headers.get("X-Event-Type"), "id": headers.get("Idempotency-Key")}
    return {
        name: value
        for name, value in said.items()
        if value and all(is_blank(body.get(alias)) for alias in NAMES[name])
    }


def _type_of(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    return next((body[name] for name in NAMES["type"] if isinstance(body.get(name), str) and body[name]), "")


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL."""
    return text.replace("\x00", "")


def decode(row: RejectedRequest, body: str) -> Any:
    """A body of this request as an envelope of ours, of the moment it came. Raises `RequestRejected`."""
    decoded = envelope.parse(body.encode(errors="replace"))
    if isinstance(decoded, dict) and all(is_blank(decoded.get(name)) for name in envelope.MOMENT_NAMES):
        decoded["occurred_at"] = row.received_at.isoformat()
    return dialects.translate(decoded, row.source)


def read(row: RejectedRequest, body: Any) -> Envelope:
    """What would be accepted of a decoded body. Raises `RequestRejected`, each wrong field named."""
    return envelope.read(body, source=row.source, request_id=row.request_id)


def accept(
    rejected: RejectedRequest, *, actor: str, body: str | None = None, reason: str = ""
) -> Receipt | None:
    """Put a refused request through, as it came or with a corrected `body`. Marks it accepted, once.

    None where the request's source makes no event of it at once. Raises `RequestRejected`: when it would be
    refused again (every wrong field named), when somebody else was first (`already_accepted`), or when there
    is nothing to accept (`unproven_sender`, `cut_body`).
    """
    with transaction.atomic():
        row = RejectedRequest.objects.select_for_update().get(pk=rejected.pk)
        check_open(row, body)
        answer = _put_through(row, row.body if body is None else body)
        row.accepted_id, row.accepted_by = answer.event_id if answer else None, actor
        row.save(update_fields=["accepted", "accepted_by"])
        edited = _edited(row, body) | {"reason": reason} if body is not None else {}
        ACCEPTED.record(actor, row.pk, {"event_id": row.accepted_id, "edited": body is not None, **edited})
    return answer


def _edited(row: RejectedRequest, body: str) -> dict[str, Any]:
    """What an operator changed: the fields, masked; nothing where a body is none of fields."""
    try:
        before, after = decode(row, row.body), decode(row, body)
    except RequestRejected:
        return {}
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return {}
    return for_audit_log(differences(before, after))


def check_open(row: RejectedRequest, body: str | None = None) -> None:
    """Raises `NotOpen` unless the request, or this correction of it, can still be accepted."""
    if row.accepted_by:
        raise NotOpen(
            "already_accepted",
            str(_("Este recusado já foi aceito por %s.")) % labels.who(row.accepted_by),
            status=409,
        )
    if row.archived_by:
        sentence = _("Este recusado foi arquivado por %s: restaure antes de aceitar.")
        raise NotOpen("archived", str(sentence) % labels.who(row.archived_by), status=409)
    if not row.is_proven:
        sentence = _("Não se sabe quem enviou: só o sistema de origem pode enviar de novo.")
        raise NotOpen("unproven_sender", str(sentence), status=409)
    if row.is_cut and body is None:
        raise NotOpen("cut_body", str(_("O corpo guardado não está inteiro.")), status=409)


def archive(ids: Sequence[int], *, actor: str, reason: str = "") -> list[int]:
    """Close those of these that wait and can never be accepted. Returns their ids."""
    with transaction.atomic():
        moved = _lock(RejectedRequest.objects.waiting(), ids)
        given = {"archived_by": actor, "archived_at": timezone.now(), "note": reason}
        RejectedRequest.objects.filter(pk__in=moved).update(**given)
        ARCHIVED.record_all(actor, [(id, {"reason": reason}) for id in moved])
    return moved


def restore(ids: Sequence[int], *, actor: str) -> list[int]:
    """Let archived ones wait again. Returns the ids of those that were archived."""
    return _restore(RejectedRequest.objects.exclude(archived_by=""), ids, actor)


def undo_archive(ids: Sequence[int], *, actor: str) -> list[int]:
    """Restore what this person archived within the last minute. Returns the ids for which that was so."""
    lately = timezone.now() - UNDO_WINDOW
    return _restore(RejectedRequest.objects.filter(archived_by=actor, archived_at__gte=lately), ids, actor)


@transaction.atomic
def _restore(archived: QuerySet[RejectedRequest], ids: Sequence[int], actor: str) -> list[int]:
    moved = _lock(archived, ids)
    RejectedRequest.objects.filter(pk__in=moved).update(archived_by="", archived_at=None, note="")
    RESTORED.record_all(actor, [(id, {}) for id in moved])
    return moved


def _lock(rows: QuerySet[RejectedRequest], ids: Sequence[int]) -> list[int]:
    locked = rows.filter(pk__in=ids).order_by("pk").select_for_update()
    return list(locked.values_list("pk", flat=True))


def _put_through(row: RejectedRequest, body: str) -> Receipt | None:
    if acceptor := acceptors.get(row.source):
        acceptor(body.encode(errors="replace"))
        return None
    [answer] = ingestion.record([read(row, decode(row, body))])
    if isinstance(answer, Conflict):
        raise answer
    return answer
