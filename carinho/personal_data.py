"""What every text of the database may say of a person, declared beside its model.

Erasure and the access report follow these declarations. A text column without one fails a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Model

ERASED = "[apagado]"
ERASED_TEXT = f"'{ERASED}'"  # the same in SQL
ERASED_KEY = "erased:"  # begins what stands in place of a key that named somebody, or was made of the data


@dataclass(frozen=True)
class TextColumns:
    """The texts of one table, by their columns.

    `rows` is the SQL condition of the rows about a person; its parameters are ids and identifiers: `events`,
    `dead_letters`, `contacts`, `messages` (WhatsApp's ids), `people` (lids and phone keys), `targets` (of the
    audit log), `caregivers`, `marks`, the pattern of what only this person has (phone, e-mail, document), and
    `quotes`, that and their name.
    `erased` says what stands in such a row afterwards, in SQL; `erased_keys` and `erased_digests` have it for
    events. With `by_quote` a row that quotes a mark in one of those columns is theirs too. `on_change` is set
    wherever a text of the table is changed.
    """

    table: str
    rows: str = ""
    erased: Mapping[str, str] = field(default_factory=dict)
    by_quote: bool = False
    quoting: tuple[str, ...] = ()  # about something else, but somebody may have named a person
    typed: tuple[str, ...] = ()  # those of them that the team writes: there a first name may be anybody's
    on_change: str = ""
    harmless: tuple[str, ...] = ()  # codes, ids and what is said by and of the team

    @property
    def columns(self) -> set[str]:
        return {*self.erased, *self.quoting, *self.harmless}


registry: dict[str, TextColumns] = {}


def declare(
    model: type[Model] | str,
    *,
    rows: str = "",
    erased: Mapping[str, str] | None = None,
    by_quote: bool = False,
    quoting: str = "",
    typed: str = "",
    on_change: str = "",
    harmless: str = "",
) -> None:
    """Say what the texts of a model, or of another package's table, hold. Columns are divided by spaces."""
    table = model if isinstance(model, str) else model._meta.db_table
    registry[table] = TextColumns(
        table,
        rows,
        erased or {},
        by_quote,
        quoting=(*quoting.split(), *typed.split()),
        typed=tuple(typed.split()),
        on_change=on_change,
        harmless=tuple(harmless.split()),
    )


for table, columns in {  # tables of other packages: people of the team, and no others
    "auth_group": "name",
    "auth_permission": "name codename",
    "auth_user": "password username first_name last_name email",
    "axes_accessattempt": "user_agent ip_address username http_accept path_info get_data post_data",
    "axes_accessattemptexpiration": "",
    "axes_accessfailurelog": "user_agent ip_address username http_accept path_info",
    "axes_accesslog": "user_agent ip_address username http_accept path_info session_hash",
    "cache_entries": "cache_key value",  # figures only
    "django_celery_beat_clockedschedule": "",
    "django_celery_beat_crontabschedule": "minute hour day_of_week day_of_month month_of_year timezone",
    "django_celery_beat_intervalschedule": "period",
    "django_celery_beat_periodictask": "name task args kwargs queue exchange routing_key description headers",
    "django_celery_beat_solarschedule": "event",
    "django_content_type": "app_label model",
    "django_migrations": "app name",
    "django_session": "session_key session_data",
    "otp_totp_totpdevice": "key name",
    "rest_framework_api_key_apikey": "id prefix hashed_key name",
}.items():
    declare(table, harmless=columns)
declare("django_admin_log", quoting="object_repr change_message", harmless="object_id")
