"""What all systems and people send, at a set rate, and what the hub has accepted of it."""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import aiohttp

from carinho.simulator.senders import SENT as POSTS

LINES = 24  # each sends one event after the other, of people whom no other line knows
FAMILIES = 5  # of a line
CAREGIVERS = 4  # of a line
FIRST_PHONE = 11_960_000_000
FIRST_NUMBER = 10_000  # below it are the visits of those who post without an id
FIRST_FAMILY, FIRST_CAREGIVER, FIRST_CLIENT = 1_000, 500_000, 600_000
ANSWER = aiohttp.ClientTimeout(total=15)
SIGNED = ("site", "crm", "operacao", "financeiro", "cuidadores")
SECRET = "whsec_" + base64.b64encode(b"the secret of all senders").decode()
HARMLESS = [  # what these cause tells nobody on the shift
    type for type in POSTS if not type.startswith(("lgpd", "incident", "lead", "conversion"))
]


@dataclass(frozen=True)
class Sent:
    """An event as its sender knows it: `number` is in its data, so that its effects are recognised."""

    number: int
    source: str
    type: str
    data: dict[str, Any]
    person: str  # in whose order it was sent
    id: str

    def envelope(self) -> dict[str, Any]:
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        return {
            "type": self.type,
            "id": self.id,
            "source": self.source,
            "occurred_at": moment,
            "data": self.data,
        }


@dataclass
class Book:
    """What was accepted, in the order it was, and how the hub answered."""

    accepted: dict[int, Sent] = field(default_factory=dict)  # by the id the hub gave
    posts: set[int] = field(default_factory=set)  # the ids of what came without one
    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)  # of each answer
    wrong: list[str] = field(default_factory=list)  # answers that should not have been given
    inbound: dict[str, str] = field(default_factory=dict)  # messages of people: id, text


class Traffic:
    """All senders together, until told to stop; what was begun is accepted before it ends."""

    def __init__(self, url: str, key: str, simulator_url: str, rate: float, seed: int) -> None:
        self.url, self.key, self.simulator_url = url, key, simulator_url
        self.pause = LINES / rate
        self.dice = random.Random(seed)
        self.numbers = itertools.count(FIRST_NUMBER)
        self.book = Book()
        self.ends = asyncio.Event()

    async def run(self) -> None:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=ANSWER, connector=connector) as self.http:
            await asyncio.gather(*(self._line(number) for number in range(LINES)))

    def accepts(self, sent: Sent, event_id: int) -> None:
        known = self.book.accepted.setdefault(event_id, sent)
        if known.id != sent.id:
            self.book.wrong.append(f"{sent.id} got the id of {known.id}")

    async def _line(self, line: int) -> None:
        dice = random.Random(self.dice.random())
        await asyncio.sleep(dice.uniform(0, self.pause))
        due = time.monotonic()
        while not self.ends.is_set():
            events = await self._turn(line, dice)
            due = max(due + self.pause * events, time.monotonic() - 10)  # an outage is not made up for
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _turn(self, line: int, dice: random.Random) -> int:
        """One thing that happens in the company; how many events it is."""
        way = dice.random()
        if way < 0.10:
            await self._write(line, dice)
            return 1
        if way < 0.16:
            await self._post(dice)
            return 1
        if way < 0.24:
            batch = [self._event(line, dice) for _ in range(3)]
            await self._send_batch(batch)
            return len(batch)
        sent = self._event(line, dice)
        await self._send(sent, dice)
        if way < 0.30:
            await self._repeat(sent, dice)
        if way > 0.98:
            await self._send_nonsense(dice)
        return 1

    # --- one event, by its own system ---------------------------------------------------------------

    def _event(self, line: int, dice: random.Random) -> Sent:
        number = next(self.numbers)
        family = FIRST_FAMILY + line * FAMILIES + dice.randrange(FAMILIES)
        caregiver = FIRST_CAREGIVER + line * CAREGIVERS + dice.randrange(CAREGIVERS)
        phone = str(FIRST_PHONE + family)
        stranger = str(FIRST_PHONE + FIRST_CLIENT + number)
        now = datetime.now(UTC).replace(microsecond=0)
        visit = {"service_id": number, "client_id": family, "client_phone": phone, "caregiver_id": caregiver}
        paid = {"payment_id": number, "invoice_id": number, "client_id": family, "client_phone": phone}
        amount = f"{number // 100}.{number % 100:02d}"
        made: dict[tuple[str, str], dict[str, Any]] = {
            ("operacao", "service.scheduled"): visit
            | {"starts_at": (now + timedelta(days=3)).isoformat(), "address": f"Rua das Acácias, {number}"},
            ("operacao", "service.completed"): visit
            | {
                "client_name": f"Família {family}",
                "caregiver_name": f"Cuidadora{number} Lima",
                "started_at": (now - timedelta(hours=4)).isoformat(),
                "finished_at": now.isoformat(),
                "amount": amount,
            },
            ("operacao", "service.cancelled"): {
                "service_id": number,
                "client_id": family,
                "client_phone": phone,
                "reason": f"Viagem {number}",
            },
            ("operacao", "feedback.received"): visit | {"rating": 1 + number % 5},
            ("financeiro", "payment.received"): paid | {"amount": amount, "paid_at": now.isoformat()},
            ("financeiro", "payment.failed"): paid | {"amount": amount, "reason": "Saldo insuficiente"},
            ("financeiro", "payout.processed"): {
                "payout_id": number,
                "caregiver_id": caregiver,
                "amount": amount,
            },
            ("crm", "client.updated"): {"client_id": family, "changes": {"city": f"Cidade {number}"}},
            ("crm", "client.registered"): {
                "client_id": FIRST_CLIENT + number,
                "name": f"Cliente {number}",
                "phone": stranger,
                "lead_id": number,
            },
            ("site", "lead.created"): {
                "name": f"Pessoa {number}",
                "phone": stranger,
                "utm": {"source": "google", "campaign": "cuidado", "content": str(number)},
            },
        }
        (source, type), data = dice.choice(list(made.items()))
        person = str(data.get("client_id") or data.get("caregiver_id") or stranger)
        return Sent(number, source, type, data, person, f"soak-{source}-{number}")

    async def _send(self, sent: Sent, dice: random.Random) -> None:
        """Again and again, as their outbox does, until it is accepted."""
        body = json.dumps(sent.envelope()).encode()
        is_first = True
        signed = sent.source in SIGNED and dice.random() < 0.6
        while True:
            path = f"/webhooks/{sent.source}" if signed else "/api/events"
            status, answer = await self._post_body(path, body, signed=signed)
            if status in (HTTPStatus.ACCEPTED, HTTPStatus.OK):
                if status == HTTPStatus.OK and is_first:
                    self.book.wrong.append(f"{sent.id} was a duplicate when it came first")
                self.accepts(sent, answer["event_id"])
                return
            if 400 <= status < 500 and status != HTTPStatus.TOO_MANY_REQUESTS:
                self.book.wrong.append(f"{sent.id} was answered {status}: {answer}")
                return
            is_first = False
            await asyncio.sleep(dice.uniform(0.5, 2))

    async def _send_batch(self, batch: list[Sent]) -> None:
        body = json.dumps({"events": [sent.envelope() for sent in batch]}).encode()
        while True:
            status, answer = await self._post_body("/api/events/batch", body)
            if 200 <= status < 300:
                for sent, item in zip(batch, answer["results"], strict=True):
                    if "event_id" in item:
                        self.accepts(sent, item["event_id"])
                    else:
                        self.book.wrong.append(f"{sent.id} in a batch was answered {item}")
                return
            if 400 <= status < 500 and status != HTTPStatus.TOO_MANY_REQUESTS:
                self.book.wrong.append(f"A batch was answered {status}: {answer}")
                return
            await asyncio.sleep(1)

    async def _repeat(self, sent: Sent, dice: random.Random) -> None:
        """The sender did not see the answer, or has changed its mind under the same id."""
        is_other = dice.random() < 0.2
        data = sent.data | {"amount": "99999.99", "reason": "outra coisa"} if is_other else sent.data
        body = json.dumps(sent.envelope() | {"data": data}).encode()
        status, answer = await self._post_body("/api/events", body)
        if status in (0, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INTERNAL_SERVER_ERROR):
            return  # nobody saw it
        expected = HTTPStatus.CONFLICT if is_other else HTTPStatus.OK
        if status != expected or (not is_other and self.book.accepted.get(answer["event_id"]) != sent):
            self.book.wrong.append(f"A repeat of {sent.id} was answered {status}: {answer}")

    async def _send_nonsense(self, dice: random.Random) -> None:
        body = dice.choice([b'{"type": "lead.created", "data": {}}', b"{", b"[]", b'{"type": "x"}'])
        status, answer = await self._post_body("/api/events", body)
        if 200 <= status < 300:
            self.book.wrong.append(f"Nonsense was answered {status}: {answer}")

    # --- what comes in its own ways -----------------------------------------------------------------

    async def _post(self, dice: random.Random) -> None:
        """What the company's own systems post once, without an id, whatever the answer."""
        post = POSTS[dice.choice(HARMLESS)](dice)
        headers = post.headers | {"Authorization": f"Bearer {self.key}"}
        status, answer = await self._ask(post.path, json.dumps(post.body).encode(), headers)
        if 200 <= status < 300 and isinstance(answer, dict) and "event_id" in answer:
            self.book.posts.add(answer["event_id"])
        elif 400 <= status < 500:
            self.book.wrong.append(f"{post.type} was answered {status}: {answer}")

    async def _write(self, line: int, dice: random.Random) -> None:
        """A person writes on WhatsApp; whether the hub took it is in Z-API's own list of callbacks."""
        number = next(self.numbers)
        text = f"Bom dia, sobre o cuidado {number}"
        family = FIRST_FAMILY + line * FAMILIES + dice.randrange(FAMILIES)
        is_new = dice.random() < 0.3
        phone = f"55{FIRST_PHONE + (FIRST_CLIENT + number if is_new else family)}"
        body = json.dumps({"kind": "text", "phone": phone, "name": f"Pessoa {family}", "text": text}).encode()
        url = f"{self.simulator_url}/_control/zapi/receive"
        async with self.http.post(url, data=body) as response:
            self.book.inbound[(await response.json())["messageId"]] = text

    async def _post_body(self, path: str, body: bytes, *, signed: bool = False) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"}
        return await self._ask(
            path, body, headers | (_signature(body) if signed else {"X-API-Key": self.key})
        )

    async def _ask(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        """The status and what it says; 0 when no answer came."""
        began = time.monotonic()
        try:
            async with self.http.post(self.url + path, data=body, headers=headers) as response:
                said = await response.json(content_type=None)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.book.answers[type(error).__name__] += 1
            return 0, None
        self.book.seconds.append(time.monotonic() - began)
        self.book.answers[str(status)] += 1
        return status, said


def _signature(body: bytes) -> dict[str, str]:
    id, moment = uuid.uuid4().hex, str(int(time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    mac = hmac.new(key, f"{id}.{moment}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
