"""A write with an `Idempotency-Key` is done once: a repeat within a day gets the first one's answer."""

import hashlib
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from carinho.access import derived_keys
from carinho.access.models import ApiAnswer
from carinho.access.permissions import principal_of
from carinho.api.errors import Problem
from carinho.database import run

HEADER = "Idempotency-Key"

CLAIM = """
INSERT INTO access_apianswer AS known (client, key, digest, made_at)
VALUES (%(client)s, %(key)s, %(digest)s, now())
ON CONFLICT (client, key) DO UPDATE SET digest = excluded.digest, made_at = now(), status = NULL, body = NULL
WHERE known.made_at < now() - %(lasts)s
    OR (known.status IS NULL AND known.made_at < now() - interval '1 minute')
RETURNING id
"""  # an answer that is a minute late never comes: its process died, and commands may be given again
KNOWN = "SELECT digest, status, body::text FROM access_apianswer WHERE client = %(client)s AND key = %(key)s"
KEEP = "UPDATE access_apianswer SET status = %s, body = %s::jsonb WHERE id = %s"
RELEASE = "DELETE FROM access_apianswer WHERE id = %s"


@dataclass(frozen=True)
class KeyClaim:
    """This request is the first with its key; `id` is the row that waits for its answer."""

    id: int

    def finish(self, response: Any) -> None:
        """Keep the answer of what was done; what was refused may be sent again, mended."""
        if HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            body = JSONRenderer().render(response.data).decode()
            run(KEEP, [response.status_code, body, self.id])
        else:
            self.release()

    def release(self) -> None:
        run(RELEASE, [self.id])


def claim(request: Request) -> KeyClaim | Response | None:
    """The right to do it, or the first one's answer; None without a key. Raises `Problem`."""
    key, principal = request.headers.get(HEADER, ""), principal_of(request)
    if not key or principal is None:
        return None
    if len(key) > ApiAnswer.LONGEST_KEY:
        too_long = _("A chave de idempotência passa de %d caracteres.") % ApiAnswer.LONGEST_KEY
        raise Problem("invalid_idempotency_key", too_long, status=422, fields={HEADER: too_long})
    said = f"{request.method} {request.path}\n".encode() + request._request.body  # noqa: SLF001 -- read once
    plain = hashlib.sha256(said).hexdigest()  # who has the database could try phones until one fits
    digests = derived_keys.digests("order of the API", plain)
    facts = {"client": principal.client[:80], "key": key, "digest": digests[0]}
    if claimed := run(CLAIM, facts | {"lasts": ApiAnswer.LASTS}):
        return KeyClaim(claimed[0][0])
    [(digest, status, body)] = run(KNOWN, facts) or [("", None, None)]
    if digest and digest not in (*digests, plain):  # plain ones were kept before, for a day
        sentence = _("Esta chave de idempotência já veio com outro pedido.")
        raise Problem("idempotency_key_reused", sentence, status=422, fields={HEADER: sentence})
    if status is None:
        raise Problem("in_progress", _("O mesmo pedido ainda está sendo atendido."), status=409)
    return Response(json.loads(body), status, headers={"Idempotency-Replayed": "true"})
