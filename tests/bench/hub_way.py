"""The hub, as `make run` runs it."""

from carinho.embedded import broker, processes
from tests.bench.sample import CLIENTS, FIRST_PHONE
from tests.bench.way import LEASE_SECONDS, Way


class HubWay(Way):
    """granian, one Celery worker with beat, embedded PostgreSQL, and a folder as the broker."""

    name = "hub"
    events_table = "events_event"
    unfinished = "SELECT 1 FROM events_delivery WHERE status IN ('waiting', 'queued', 'running')"
    needs_broker = False
    broker = "filesystem"

    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.url,
            "SECRET_KEY": "only measured, never served",
            "DEMO": "0",
            "LOG_LEVEL": "WARNING",
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "RATE_LIMIT_EVENTS": "100000000",
            "WHATSAPP_QUIET_HOURS": "",
            "WHATSAPP_TRACE_SECONDS": "5",
        }

    def prepare(self) -> str:
        self.ask("-m", "carinho.embedded.prepare")
        self.know_clients()
        return self.ask("manage.py", "create_api_key", "bench", "--scope", "events").split()[-1]

    def know_clients(self) -> None:
        """Who pays was written to before, and the number was checked then, once."""
        self.query(
            "INSERT INTO whatsapp_contact (key, phone, has_whatsapp, checked_at)"
            " SELECT substr(phone, 3, 2) || right(phone, 8), phone, true, now() FROM"
            f" (SELECT '55' || {FIRST_PHONE} + generate_series(0, {CLIENTS}) AS phone) AS client"
        )

    def web_command(self) -> list[str]:
        return processes.web(self.web_port).command

    def start_worker(self) -> None:
        self.run("worker", processes.worker_with_beat().command)

    def start_broker(self) -> None:
        """Nothing: it is a folder."""

    def forget_messages(self) -> None:
        """Nothing: a message is only a wake-up, and one too many finds no work."""

    def kill_broker(self) -> None:
        broker.clear(self.folder)

    def dead(self) -> set[tuple[str, int]]:
        rows = self.query(
            "SELECT replace(delivery.service, 'whatsapp', 'zapi'), substr(event.key, 7)::int"
            " FROM events_delivery AS delivery JOIN events_event AS event ON event.id = event_id"
            " WHERE delivery.status = 'dead'"
        )
        return set(rows)
