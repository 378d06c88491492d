import carinho.text_search
import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


# Hourly counts are kept by triggers: exact whoever writes, and without a lock that two writers share.
BUCKET = """
    CASE WHEN duration_ms <= 5 THEN '5' WHEN duration_ms <= 10 THEN '10' WHEN duration_ms <= 25 THEN '25'
         WHEN duration_ms <= 50 THEN '50' WHEN duration_ms <= 100 THEN '100' WHEN duration_ms <= 250 THEN '250'
         WHEN duration_ms <= 500 THEN '500' WHEN duration_ms <= 1000 THEN '1000'
         WHEN duration_ms <= 2500 THEN '2500' WHEN duration_ms <= 5000 THEN '5000'
         WHEN duration_ms <= 10000 THEN '10000' ELSE 'inf' END
"""
INTO = "INSERT INTO {} (measure, hour, service, name, detail, amount)"
EVENTS = """
    SELECT 'event', date_trunc('hour', received_at, 'UTC'), source, type, status, count(*)
    FROM {} GROUP BY 2, 3, 4, 5
"""
ATTEMPTS = f"""
    SELECT 'attempt', date_trunc('hour', started_at, 'UTC'), service, outcome, {BUCKET}, count(*)
    FROM {{0}} AS tried JOIN events_delivery AS delivery ON delivery.id = tried.delivery_id GROUP BY 2, 3, 4, 5
    UNION ALL
    SELECT 'attempt_ms', date_trunc('hour', started_at, 'UTC'), service, outcome, '', sum(duration_ms)
    FROM {{0}} AS tried JOIN events_delivery AS delivery ON delivery.id = tried.delivery_id GROUP BY 2, 3, 4
"""
DEAD_LETTERS = """
    SELECT 'dead_letter', date_trunc('hour', created_at, 'UTC'), service, cause, kind, count(*)
    FROM {} GROUP BY 2, 3, 4, 5
"""


def moved(measure, hour, columns):
    """One less of what a row was, one more of what it is."""
    was, now_is = (
        ", ".join(
            [
                f"date_trunc('hour', {row}.{hour}, 'UTC') AS hour",
                *(f"{row}.{name} AS {name}" for name in columns),
            ]
        )
        for row in ("was", "now_is")
    )
    names = ", ".join(columns)
    pairs = "FROM old_rows AS was JOIN new_rows AS now_is USING (id)"
    known = ", ".join(f"was.{name}" for name in (hour, *columns))
    changed = f"WHERE ({known}) IS DISTINCT FROM ({known.replace('was.', 'now_is.')})"
    return f"""
    SELECT '{measure}', hour, {names}, sum(amount) FROM (
        SELECT {was}, -1 AS amount {pairs} {changed}
        UNION ALL SELECT {now_is}, 1 {pairs} {changed}
    ) AS moved GROUP BY hour, {names} HAVING sum(amount) <> 0
"""


def trigger(name, table, moment, tables, select):
    into = INTO.format("events_countdelta")
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {into} {select};
    RETURN NULL;
END
$$;
CREATE TRIGGER {name} AFTER {moment} ON {table} REFERENCING {tables}
FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""


NEW = "NEW TABLE AS new_rows"
BOTH = f"OLD TABLE AS old_rows {NEW}"
TRIGGERS = [
    trigger("events_count_new", "events_event", "INSERT", NEW, EVENTS.format("new_rows")),
    trigger(
        "events_count_moved",
        "events_event",
        "UPDATE",
        BOTH,
        moved("event", "received_at", ["source", "type", "status"]),
    ),
    trigger("events_count_attempts", "events_attempt", "INSERT", NEW, ATTEMPTS.format("new_rows")),
    trigger("events_count_dead_letters", "events_deadletter", "INSERT", NEW, DEAD_LETTERS.format("new_rows")),
    trigger(
        "events_count_dead_letters_moved",
        "events_deadletter",
        "UPDATE",
        BOTH,
        moved("dead_letter", "created_at", ["service", "cause", "kind"]),
    ),
]
UNDO = """
DROP FUNCTION events_count_new CASCADE;
DROP FUNCTION events_count_moved CASCADE;
DROP FUNCTION events_count_attempts CASCADE;
DROP FUNCTION events_count_dead_letters CASCADE;
DROP FUNCTION events_count_dead_letters_moved CASCADE;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="CircuitBreaker",
            fields=[
                (
                    "service",
                    models.CharField(
                        max_length=20, primary_key=True, serialize=False, verbose_name="sistema"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("closed", "normal"),
                            ("half_open", "testando se voltou"),
                            ("open", "bloqueado"),
                        ],
                        db_default="closed",
                        default="closed",
                        max_length=10,
                        verbose_name="disjuntor",
                    ),
                ),
                (
                    "failure_count",
                    models.PositiveIntegerField(db_default=0, default=0, verbose_name="falhas seguidas"),
                ),
                (
                    "good_probes",
                    models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="testes bons"),
                ),
                (
                    "trips",
                    models.PositiveIntegerField(db_default=0, default=0, verbose_name="testes que falharam"),
                ),
                ("opened_at", models.DateTimeField(blank=True, null=True, verbose_name="bloqueado em")),
                (
                    "outage_since",
                    models.DateTimeField(blank=True, null=True, verbose_name="fora do ar desde"),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="voltou em")),
                (
                    "half_open_since",
                    models.DateTimeField(blank=True, null=True, verbose_name="em teste desde"),
                ),
                ("next_probe_at", models.DateTimeField(blank=True, null=True, verbose_name="próximo teste")),
                (
                    "last_error",
                    models.TextField(blank=True, db_default="", default="", verbose_name="último erro"),
                ),
                (
                    "offline_since",
                    models.DateTimeField(blank=True, null=True, verbose_name="desconectado desde"),
                ),
                ("paused_at", models.DateTimeField(blank=True, null=True, verbose_name="pausado em")),
                (
                    "paused_by",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=150, verbose_name="pausado por"
                    ),
                ),
                (
                    "pause_reason",
                    models.TextField(blank=True, db_default="", default="", verbose_name="motivo da pausa"),
                ),
                ("version", models.PositiveIntegerField(db_default=0, default=0, verbose_name="versão")),
            ],
            options={
                "verbose_name": "sistema",
                "verbose_name_plural": "sistemas",
                "ordering": ["service"],
            },
        ),
        migrations.CreateModel(
            name="CountDelta",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("event", "eventos por hora de chegada: origem, tipo, situação atual"),
                            (
                                "attempt",
                                "tentativas por hora de início: sistema, resultado, faixa de duração",
                            ),
                            ("attempt_ms", "milissegundos de tentativas: sistema, resultado"),
                            (
                                "dead_letter",
                                "itens que passaram a precisar de uma pessoa: sistema, causa, espécie",
                            ),
                        ],
                        max_length=12,
                    ),
                ),
                ("hour", models.DateTimeField()),
                ("service", models.CharField(blank=True, db_default="", max_length=20)),
                ("name", models.CharField(blank=True, db_default="", max_length=60)),
                ("detail", models.CharField(blank=True, db_default="", max_length=12)),
                ("amount", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "contagem a somar",
                "verbose_name_plural": "contagens a somar",
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("step", models.CharField(max_length=60, verbose_name="etapa")),
                ("service", models.CharField(max_length=20, verbose_name="sistema")),
                ("subject", models.CharField(blank=True, max_length=80, verbose_name="pessoa")),
                ("after", models.CharField(blank=True, max_length=60, verbose_name="depois de")),
                (
                    "delay_seconds",
                    models.PositiveIntegerField(db_default=0, default=0, verbose_name="espera, em segundos"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "espera outra etapa"),
                            ("queued", "na fila"),
                            ("running", "enviando"),
                            ("done", "feita"),
                            ("dead", "precisa de você"),
                            ("skipped", "não enviada"),
                        ],
                        max_length=10,
                        verbose_name="situação",
                    ),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="próxima tentativa")),
                (
                    "claimed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="início da última tentativa"),
                ),
                ("leased_until", models.DateTimeField(blank=True, null=True, verbose_name="reservada até")),
                ("held_since", models.DateTimeField(blank=True, null=True, verbose_name="retida desde")),
                (
                    "in_doubt_since",
                    models.DateTimeField(blank=True, null=True, verbose_name="fim desconhecido desde"),
                ),
                ("useful_until", models.DateTimeField(blank=True, null=True, verbose_name="útil até")),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="tentativas"),
                ),
                (
                    "idempotency_key",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        verbose_name="chave de idempotência",
                    ),
                ),
                ("result", models.JSONField(blank=True, null=True, verbose_name="resultado")),
                ("error", models.TextField(blank=True, db_default="", verbose_name="último erro")),
                (
                    "skip_cause",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("expired", "passou da hora de ser útil"),
                            ("archived", "arquivada por uma pessoa"),
                            ("earlier", "a etapa anterior não aconteceu"),
                            ("unwanted", "a pessoa pediu para não receber"),
                            ("unoffered", "o sistema ainda não oferece isso"),
                            ("superseded", "um evento mais novo já fez o mesmo"),
                        ],
                        db_default="",
                        max_length=10,
                        verbose_name="por que não foi enviada",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="criada em"
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="encerrada em")),
            ],
            options={
                "verbose_name": "entrega",
                "verbose_name_plural": "entregas",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Lane",
            fields=[
                (
                    "service",
                    models.CharField(
                        max_length=20, primary_key=True, serialize=False, verbose_name="sistema"
                    ),
                ),
                ("listening_until", models.DateTimeField(blank=True, null=True, verbose_name="ouvindo até")),
                ("woken_at", models.DateTimeField(blank=True, null=True, verbose_name="chamada em")),
                (
                    "not_before",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="o sistema pediu para esperar até"
                    ),
                ),
            ],
            options={
                "verbose_name": "faixa",
                "verbose_name_plural": "faixas",
            },
        ),
        migrations.CreateModel(
            name="BulkJob",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "em andamento"),
                            ("paused", "em pausa"),
                            ("stopped", "parou sozinho"),
                            ("cancelled", "cancelado"),
                            ("done", "terminado"),
                        ],
                        db_default="running",
                        default="running",
                        max_length=10,
                        verbose_name="situação",
                    ),
                ),
                ("actor", models.CharField(max_length=150, verbose_name="quem começou")),
                (
                    "moved_by",
                    models.CharField(
                        blank=True, db_default="", max_length=150, verbose_name="última ação de"
                    ),
                ),
                ("total", models.PositiveIntegerField(verbose_name="itens")),
                (
                    "with_overtaken",
                    models.BooleanField(
                        db_default=False, default=False, verbose_name="também os ultrapassados"
                    ),
                ),
                (
                    "causes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        size=None,
                        verbose_name="causas conhecidas",
                    ),
                ),
                (
                    "stopped_at",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="parou no item"),
                ),
                (
                    "stop_cause",
                    models.CharField(blank=True, db_default="", max_length=40, verbose_name="causa nova"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="começo"
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="fim")),
            ],
            options={
                "verbose_name": "reenvio em etapas",
                "verbose_name_plural": "reenvios em etapas",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["id"],
                        name="bulk_job_not_ended",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            ("ended_at__isnull", False),
                            _connector="OR",
                        ),
                        name="bulk_job_done_has_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "stopped"), _negated=True),
                            models.Q(
                                ("stopped_at__isnull", False), models.Q(("stop_cause", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="bulk_job_stopped_says_where",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at__isnull", True), ("state__in", ["done", "cancelled"]), _connector="OR"
                        ),
                        name="bulk_job_ends_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ConformanceCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("system", models.CharField(max_length=40, verbose_name="sistema")),
                ("url", models.CharField(max_length=500, verbose_name="endereço")),
                ("key", models.CharField(blank=True, db_default="", max_length=500, verbose_name="chave")),
                ("auth", models.CharField(max_length=20, verbose_name="onde vai a chave")),
                ("pages", models.CharField(max_length=10, verbose_name="páginas")),
                ("ids", models.JSONField(default=dict, verbose_name="registros")),
                ("writes", models.BooleanField(db_default=False, verbose_name="com gravações")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "na fila"),
                            ("running", "em andamento"),
                            ("done", "terminado"),
                            ("failed", "não terminou"),
                        ],
                        db_default="queued",
                        default="queued",
                        max_length=10,
                        verbose_name="situação",
                    ),
                ),
                ("actor", models.CharField(max_length=150, verbose_name="quem começou")),
                ("report", models.JSONField(blank=True, null=True, verbose_name="resultado")),
                (
                    "error",
                    models.CharField(
                        blank=True, db_default="", max_length=500, verbose_name="por que não terminou"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="pedido"
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="começo")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="fim")),
            ],
            options={
                "verbose_name": "teste de conformidade",
                "verbose_name_plural": "testes de conformidade",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "running")),
                        fields=("state",),
                        name="conformance_check_one_runs",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("system",),
                        name="conformance_check_once_per_system",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "queued"), ("key", ""), _connector="OR"),
                        name="conformance_check_key_only_waits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["queued", "running"]),
                            ("ended_at__isnull", False),
                            _connector="XOR",
                        ),
                        name="conformance_check_ends",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            ("report__isnull", False),
                            _connector="OR",
                        ),
                        name="conformance_check_done_has_report",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="início")),
                ("duration_ms", models.PositiveIntegerField(verbose_name="duração em ms")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("done", "feita"),
                            ("unavailable", "sistema não respondeu"),
                            ("rejected", "recusada pelo sistema"),
                            ("broken", "erro do nosso programa"),
                            ("unknown", "fim desconhecido"),
                        ],
                        max_length=12,
                        verbose_name="resultado",
                    ),
                ),
                (
                    "is_probe",
                    models.BooleanField(db_default=False, default=False, verbose_name="teste de recuperação"),
                ),
                (
                    "status_code",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="código HTTP"),
                ),
                ("error", models.TextField(blank=True, db_default="", verbose_name="erro")),
                ("sent", models.TextField(blank=True, db_default="", verbose_name="o que foi enviado")),
                ("answered", models.TextField(blank=True, db_default="", verbose_name="o que voltou")),
                (
                    "redirects",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        db_default=[],
                        default=list,
                        size=None,
                        verbose_name="redirecionamentos",
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempt_log",
                        to="events.delivery",
                        verbose_name="entrega",
                    ),
                ),
            ],
            options={
                "verbose_name": "tentativa",
                "verbose_name_plural": "tentativas",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("type", models.CharField(max_length=60, verbose_name="tipo")),
                ("source", models.CharField(max_length=20, verbose_name="origem")),
                ("key", models.CharField(max_length=200, verbose_name="chave de idempotência")),
                ("digest", models.CharField(max_length=64, verbose_name="resumo dos dados")),
                ("data", models.JSONField(verbose_name="dados")),
                ("as_sent", models.JSONField(blank=True, default=dict, verbose_name="como foi digitado")),
                ("subject", models.CharField(blank=True, max_length=80, verbose_name="pessoa")),
                ("phone", models.CharField(blank=True, max_length=20, verbose_name="telefone")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "aguardando"),
                            ("processing", "em andamento"),
                            ("processed", "concluído"),
                            ("failed", "precisa de você"),
                            ("archived", "arquivado"),
                        ],
                        db_default="pending",
                        default="pending",
                        max_length=10,
                        verbose_name="situação",
                    ),
                ),
                (
                    "duplicates",
                    models.PositiveIntegerField(db_default=0, default=0, verbose_name="repetições recebidas"),
                ),
                ("request_id", models.CharField(blank=True, max_length=64, verbose_name="requisição")),
                (
                    "trace_id",
                    models.CharField(blank=True, db_default="", max_length=32, verbose_name="rastro"),
                ),
                ("occurred_at", models.DateTimeField(verbose_name="aconteceu em")),
                (
                    "received_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="recebido em"
                    ),
                ),
                (
                    "is_late",
                    models.BooleanField(
                        db_default=False, default=False, verbose_name="chegou com mais de um dia de atraso"
                    ),
                ),
                (
                    "without_flow",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("unknown_type", "nenhum fluxo conhece o tipo"),
                            ("invalid_data", "o fluxo não aceita os dados"),
                        ],
                        db_default="",
                        default="",
                        max_length=12,
                        verbose_name="sem fluxo",
                    ),
                ),
                ("settled_at", models.DateTimeField(blank=True, null=True, verbose_name="encerrado em")),
                (
                    "caused_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="caused",
                        to="events.event",
                        verbose_name="causado por",
                    ),
                ),
            ],
            options={
                "verbose_name": "evento",
                "verbose_name_plural": "eventos",
                "ordering": ["-id"],
                "permissions": [
                    ("reveal_event", "Ver os dados de uma pessoa"),
                    ("erase_event", "Entregar e apagar os dados de uma pessoa"),
                ],
            },
        ),
        migrations.AddField(
            model_name="delivery",
            name="event",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="events.event",
                verbose_name="evento",
            ),
        ),
        migrations.CreateModel(
            name="DeadLetter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("event_type", models.CharField(max_length=60, verbose_name="tipo de evento")),
                ("service", models.CharField(max_length=20, verbose_name="sistema")),
                ("step", models.CharField(max_length=60, verbose_name="etapa")),
                (
                    "subject",
                    models.CharField(blank=True, db_default="", max_length=80, verbose_name="pessoa"),
                ),
                ("kind", models.CharField(max_length=12, verbose_name="espécie")),
                ("cause", models.CharField(max_length=40, verbose_name="causa")),
                ("reason", models.TextField(verbose_name="motivo")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "precisa de você"),
                            ("retrying", "tentando de novo"),
                            ("resolved", "resolvida"),
                            ("archived", "arquivada"),
                        ],
                        db_default="open",
                        default="open",
                        max_length=10,
                        verbose_name="situação",
                    ),
                ),
                (
                    "failures",
                    models.PositiveIntegerField(db_default=1, default=1, verbose_name="vezes que falhou"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="desde"
                    ),
                ),
                (
                    "failed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="última falha"
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="encerrada em")),
                ("note", models.TextField(blank=True, db_default="", verbose_name="motivo do arquivamento")),
                (
                    "moved_by",
                    models.CharField(
                        blank=True, db_default="", max_length=150, verbose_name="última ação de"
                    ),
                ),
                (
                    "delivery",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="dead_letter",
                        to="events.delivery",
                        verbose_name="entrega",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dead_letters",
                        to="events.event",
                        verbose_name="evento",
                    ),
                ),
                (
                    "superseded_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="events.event",
                        verbose_name="evento que fez o mesmo depois",
                    ),
                ),
            ],
            options={
                "verbose_name": "item que precisa de você",
                "verbose_name_plural": "precisa de você",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="número")),
                ("cause", models.CharField(max_length=40, verbose_name="causa")),
                ("before", models.JSONField(verbose_name="antes")),
                ("after", models.JSONField(verbose_name="depois")),
                ("changed", models.JSONField(verbose_name="o que mudou")),
                ("reason", models.TextField(verbose_name="motivo")),
                ("actor", models.CharField(max_length=150, verbose_name="por")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="em"
                    ),
                ),
                (
                    "repeats",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="repeated",
                        to="events.correction",
                        verbose_name="repete",
                    ),
                ),
                (
                    "dead_letter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corrections",
                        to="events.deadletter",
                        verbose_name="item que precisava de você",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="events.event",
                        verbose_name="evento",
                    ),
                ),
            ],
            options={
                "verbose_name": "correção",
                "verbose_name_plural": "correções",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="FailureGroup",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("service", models.CharField(max_length=20, verbose_name="sistema")),
                ("step", models.CharField(max_length=60, verbose_name="etapa")),
                ("cause", models.CharField(max_length=40, verbose_name="causa")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "novo"),
                            ("regressed", "repetiu"),
                            ("seen", "visto"),
                            ("taken", "com alguém"),
                            ("silenced", "silenciado"),
                            ("resolved", "resolvido"),
                        ],
                        db_default="new",
                        default="new",
                        max_length=10,
                        verbose_name="situação",
                    ),
                ),
                (
                    "owner",
                    models.CharField(blank=True, db_default="", max_length=150, verbose_name="com quem está"),
                ),
                (
                    "silenced_at_count",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="silenciado com"),
                ),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30),
                        blank=True,
                        db_default=[],
                        default=list,
                        size=None,
                        verbose_name="etiquetas",
                    ),
                ),
                (
                    "failures",
                    models.PositiveBigIntegerField(db_default=0, default=0, verbose_name="falhas ao todo"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="primeira vez"
                    ),
                ),
                (
                    "last_failed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="última vez"
                    ),
                ),
                ("resolved_at", models.DateTimeField(blank=True, null=True, verbose_name="resolvido em")),
                (
                    "resolved_by",
                    models.CharField(blank=True, db_default="", max_length=150, verbose_name="resolvido por"),
                ),
                (
                    "resolved_with",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("retry", "Reenviar"),
                            ("archive", "Arquivar"),
                            ("itself", "sem a ação de ninguém"),
                            ("superseded", "eventos mais novos, que fizeram o mesmo"),
                            ("other_cause", "falharam de novo por outra causa"),
                        ],
                        db_default="",
                        max_length=12,
                        verbose_name="resolvido com",
                    ),
                ),
            ],
            options={
                "verbose_name": "grupo de falhas",
                "verbose_name_plural": "grupos de falhas",
                "ordering": ["-last_failed_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("service", "step", "cause"), name="failure_group_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "taken"), models.Q(("owner", ""), _negated=True)),
                            models.Q(models.Q(("state", "taken"), _negated=True), ("owner", "")),
                            _connector="OR",
                        ),
                        name="failure_group_owner_while_taken",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("silenced_at_count__isnull", False), ("state", "silenced")),
                            models.Q(
                                models.Q(("state", "silenced"), _negated=True),
                                ("silenced_at_count__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="failure_group_count_while_silenced",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "resolved"), _negated=True),
                            ("resolved_at__isnull", False),
                            _connector="OR",
                        ),
                        name="failure_group_resolved_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=150, verbose_name="para quem")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("note", models.TextField(blank=True, db_default="", verbose_name="recado")),
                ("actor", models.CharField(max_length=150, verbose_name="quem escalou")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="quando"
                    ),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="próximo envio")),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="tentativas"),
                ),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="enviado em")),
                ("error", models.TextField(blank=True, db_default="", verbose_name="erro")),
                (
                    "dead_letter",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="escalations",
                        to="events.deadletter",
                        verbose_name="item",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="escalations",
                        to="events.failuregroup",
                        verbose_name="grupo",
                    ),
                ),
            ],
            options={
                "verbose_name": "escalada",
                "verbose_name_plural": "escaladas",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="GroupEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="quando"
                    ),
                ),
                ("actor", models.CharField(blank=True, db_default="", max_length=150, verbose_name="quem")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("note", "anotou"),
                            ("seen", "viu"),
                            ("taken", "assumiu"),
                            ("released", "soltou"),
                            ("silenced", "silenciou até piorar"),
                            ("unsilenced", "deixou de silenciar"),
                            ("tagged", "mudou as etiquetas"),
                            ("escalated", "escalou"),
                            ("recipe", "mudou a receita"),
                            ("resolved", "resolvido"),
                            ("regressed", "voltou a acontecer"),
                            ("worse", "piorou: deixou de ser silenciado"),
                        ],
                        max_length=12,
                        verbose_name="o quê",
                    ),
                ),
                ("text", models.TextField(blank=True, db_default="", verbose_name="texto")),
                (
                    "group",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="events.failuregroup",
                        verbose_name="grupo",
                    ),
                ),
            ],
            options={
                "verbose_name": "registro do grupo",
                "verbose_name_plural": "registros do grupo",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="HourlyCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("event", "eventos por hora de chegada: origem, tipo, situação atual"),
                            (
                                "attempt",
                                "tentativas por hora de início: sistema, resultado, faixa de duração",
                            ),
                            ("attempt_ms", "milissegundos de tentativas: sistema, resultado"),
                            (
                                "dead_letter",
                                "itens que passaram a precisar de uma pessoa: sistema, causa, espécie",
                            ),
                        ],
                        max_length=12,
                    ),
                ),
                ("hour", models.DateTimeField()),
                ("service", models.CharField(blank=True, db_default="", max_length=20)),
                ("name", models.CharField(blank=True, db_default="", max_length=60)),
                ("detail", models.CharField(blank=True, db_default="", max_length=12)),
                ("amount", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "contagem por hora",
                "verbose_name_plural": "contagens por hora",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("measure", "hour", "service", "name", "detail"), name="hourly_count_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OutageRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("service", models.CharField(max_length=20, verbose_name="sistema")),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("circuit", "fora do ar"),
                            ("paused", "pausado"),
                            ("offline", "desconectado"),
                        ],
                        max_length=10,
                        verbose_name="por quê",
                    ),
                ),
                ("reason", models.TextField(blank=True, db_default="", verbose_name="motivo")),
                ("began_at", models.DateTimeField(verbose_name="início")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="fim")),
                ("settled_at", models.DateTimeField(blank=True, null=True, verbose_name="tudo resolvido em")),
                ("held_ids", models.JSONField(default=list, verbose_name="entregas que esperaram")),
                ("held", models.PositiveIntegerField(db_default=0, default=0, verbose_name="esperaram")),
                ("delivered", models.PositiveIntegerField(db_default=0, default=0, verbose_name="entregues")),
                (
                    "failed",
                    models.PositiveIntegerField(db_default=0, default=0, verbose_name="precisaram de alguém"),
                ),
                (
                    "skipped",
                    models.PositiveIntegerField(
                        db_default=0, default=0, verbose_name="deixaram de ser úteis"
                    ),
                ),
                (
                    "waiting",
                    models.PositiveIntegerField(db_default=0, default=0, verbose_name="ainda na fila"),
                ),
            ],
            options={
                "verbose_name": "queda",
                "verbose_name_plural": "quedas",
                "ordering": ["-began_at"],
                "indexes": [
                    models.Index(fields=["-ended_at"], name="outage_ended"),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", False), ("settled_at__isnull", True)),
                        fields=["id"],
                        name="outage_unsettled",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("service",),
                        name="outage_open_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Recipe",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "service",
                    models.CharField(blank=True, db_default="", max_length=20, verbose_name="sistema"),
                ),
                ("step", models.CharField(blank=True, db_default="", max_length=60, verbose_name="etapa")),
                ("cause", models.CharField(max_length=40, verbose_name="causa")),
                ("title", models.CharField(max_length=120, verbose_name="título")),
                ("happened", models.TextField(verbose_name="o que aconteceu")),
                ("fixer", models.TextField(verbose_name="quem resolve")),
                ("advice", models.TextField(verbose_name="o que fazer")),
                (
                    "remedy",
                    models.CharField(
                        choices=[
                            ("retry", "Reenviar"),
                            ("correct", "Corrigir e reenviar"),
                            ("rows", "Ver os itens, um a um"),
                            ("systems", "Ir a Sistemas"),
                            ("whatsapp", "Ver as mensagens do WhatsApp"),
                            ("archive", "Arquivar"),
                            ("escalate", "Escalar"),
                        ],
                        max_length=10,
                        verbose_name="botão",
                    ),
                ),
                ("author", models.CharField(max_length=150, verbose_name="quem escreveu")),
                (
                    "written_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="escrita em"
                    ),
                ),
            ],
            options={
                "verbose_name": "receita",
                "verbose_name_plural": "receitas",
                "constraints": [
                    models.UniqueConstraint(fields=("service", "step", "cause"), name="recipe_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("service", ""), ("step", "")),
                            models.Q(
                                models.Q(("service", ""), _negated=True),
                                models.Q(("step", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="recipe_for_one_step_or_all",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Redirect",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("system", models.CharField(max_length=20, verbose_name="sistema")),
                ("kind", models.CharField(max_length=40, verbose_name="o que é")),
                ("old", models.CharField(max_length=80, verbose_name="de")),
                ("new", models.CharField(max_length=80, verbose_name="para")),
                ("reason", models.TextField(verbose_name="motivo")),
                ("author", models.CharField(max_length=150, verbose_name="por")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="desde"
                    ),
                ),
                ("ends_at", models.DateTimeField(verbose_name="até")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="encerrado em")),
                (
                    "ended_by",
                    models.CharField(blank=True, db_default="", max_length=150, verbose_name="encerrado por"),
                ),
            ],
            options={
                "verbose_name": "redirecionamento",
                "verbose_name_plural": "redirecionamentos",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("system", "kind", "old"),
                        name="redirect_once_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("old", models.F("new")), _negated=True),
                        name="redirect_leads_elsewhere",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="redirect_has_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("created_at"))),
                        name="redirect_ends_later",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RejectedRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=20, verbose_name="origem")),
                ("code", models.CharField(max_length=40, verbose_name="causa")),
                ("detail", models.TextField(verbose_name="explicação")),
                ("fields", models.JSONField(blank=True, default=dict, verbose_name="campos")),
                ("status_code", models.PositiveSmallIntegerField(verbose_name="resposta HTTP")),
                ("type", models.CharField(blank=True, max_length=60, verbose_name="tipo")),
                ("body", models.TextField(blank=True, verbose_name="corpo")),
                ("is_cut", models.BooleanField(default=False, verbose_name="corpo cortado")),
                ("is_proven", models.BooleanField(default=False, verbose_name="remetente comprovado")),
                ("request_id", models.CharField(blank=True, max_length=64, verbose_name="requisição")),
                (
                    "received_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        db_index=True,
                        verbose_name="recebido em",
                    ),
                ),
                (
                    "accepted_by",
                    models.CharField(blank=True, db_default="", max_length=150, verbose_name="aceito por"),
                ),
                (
                    "accepted",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="events.event",
                        verbose_name="virou o evento",
                    ),
                ),
            ],
            options={
                "verbose_name": "recusado",
                "verbose_name_plural": "recusados",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="BulkItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(verbose_name="posição")),
                ("failures", models.PositiveIntegerField(verbose_name="falhas no começo")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "ainda não saiu"),
                            ("sent", "a caminho"),
                            ("delivered", "entregue"),
                            ("failed", "falhou de novo"),
                            ("skipped", "não precisava mais ser enviado"),
                            ("overtaken", "deixado: há um evento mais novo"),
                            ("taken", "já tratado por outra pessoa"),
                            ("left", "ficou em aberto"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="situação",
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        blank=True, db_default="", max_length=40, verbose_name="causa da nova falha"
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="events.bulkjob",
                        verbose_name="reenvio",
                    ),
                ),
                (
                    "dead_letter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bulk_items",
                        to="events.deadletter",
                        verbose_name="item",
                    ),
                ),
            ],
            options={
                "verbose_name": "item do reenvio",
                "verbose_name_plural": "itens do reenvio",
                "indexes": [models.Index(fields=["job", "state", "position"], name="bulk_item_by_state")],
                "constraints": [
                    models.UniqueConstraint(fields=("job", "dead_letter"), name="bulk_item_once_per_job")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("status__in", ["pending", "processing", "failed", "archived"])),
                fields=["status", "id"],
                name="event_open",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("phone", ""), _negated=True), fields=["phone", "-id"], name="event_phone"
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("subject", ""), _negated=True),
                fields=["subject", "-id"],
                name="event_subject",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("type__in", ["documents.consent.revoked", "documents.consent.granted"])),
                fields=["subject", "-id"],
                name="event_consent",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["type", "-id"], name="event_type"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["received_at"], name="event_received"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("without_flow", ""), _negated=True),
                fields=["without_flow", "id"],
                name="event_without_flow",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("is_late", True)), fields=["received_at"], name="event_late"
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=django.contrib.postgres.indexes.GinIndex(
                carinho.text_search.Words(
                    carinho.text_search._Joined(
                        carinho.text_search._Key(models.F("data"), models.Value("name")),
                        carinho.text_search._Key(models.F("data"), models.Value("client_name")),
                        carinho.text_search._Key(models.F("data"), models.Value("caregiver_name")),
                    )
                ),
                name="event_names",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.UniqueConstraint(fields=("source", "key"), name="event_once_per_key"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("status", "queued")), fields=["service", "due_at"], name="delivery_due"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("attempts__gt", 0), ("status", "queued")),
                fields=["-id"],
                name="delivery_retrying",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("status__in", ["queued", "running"])),
                fields=["service", "subject", "event"],
                name="delivery_subject_order",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("status", "running")), fields=["leased_until"], name="delivery_leased"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("status__in", ["queued", "waiting"]), ("useful_until__isnull", False)),
                fields=["useful_until"],
                name="delivery_expiring",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", False)),
                fields=["finished_at"],
                name="delivery_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("event", "step"), name="delivery_once_per_step"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "running"), models.Q(("subject", ""), _negated=True)),
                fields=("service", "subject"),
                name="delivery_one_running_per_subject",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("due_at__isnull", False), ("status", "queued")),
                    models.Q(models.Q(("status", "queued"), _negated=True), ("due_at__isnull", True)),
                    _connector="OR",
                ),
                name="delivery_due_while_queued",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("leased_until__isnull", False), ("status", "running")),
                    models.Q(models.Q(("status", "running"), _negated=True), ("leased_until__isnull", True)),
                    _connector="OR",
                ),
                name="delivery_lease_while_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "skipped"), models.Q(("skip_cause", ""), _negated=True)),
                    models.Q(models.Q(("status", "skipped"), _negated=True), ("skip_cause", "")),
                    _connector="OR",
                ),
                name="delivery_skip_has_cause",
            ),
        ),
        migrations.AddIndex(
            model_name="deadletter",
            index=models.Index(
                condition=models.Q(("status__in", ["open", "retrying"])),
                fields=["service", "cause", "step", "subject"],
                include=("status", "created_at", "failed_at"),
                name="dead_letter_open",
            ),
        ),
        migrations.AddIndex(
            model_name="deadletter",
            index=models.Index(
                condition=models.Q(("status__in", ["open", "retrying"])),
                fields=["-id"],
                name="dead_letter_open_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="deadletter",
            index=models.Index(fields=["created_at"], name="dead_letter_created"),
        ),
        migrations.AddConstraint(
            model_name="deadletter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", False), ("status__in", ["resolved", "archived"])),
                    models.Q(("closed_at__isnull", True), ("status__in", ["open", "retrying"])),
                    _connector="OR",
                ),
                name="dead_letter_closed_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.UniqueConstraint(
                fields=("event", "number"), name="correction_once_per_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="correction_has_reason"
            ),
        ),
        migrations.AddIndex(
            model_name="escalation",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="escalation_due"
            ),
        ),
        migrations.AddIndex(
            model_name="escalation",
            index=models.Index(
                condition=models.Q(("due_at__isnull", True), ("sent_at__isnull", True)),
                fields=["id"],
                name="escalation_unsent",
            ),
        ),
        migrations.AddConstraint(
            model_name="escalation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("dead_letter__isnull", False), ("group__isnull", True)),
                    models.Q(("dead_letter__isnull", True), ("group__isnull", False)),
                    _connector="OR",
                ),
                name="escalation_of_group_or_item",
            ),
        ),
        migrations.AddConstraint(
            model_name="escalation",
            constraint=models.CheckConstraint(
                condition=models.Q(("sent_at__isnull", True), ("due_at__isnull", True), _connector="OR"),
                name="escalation_sent_is_not_due",
            ),
        ),
        migrations.AddIndex(
            model_name="groupentry",
            index=models.Index(fields=["group", "-id"], name="group_entry_newest"),
        ),
        migrations.AddIndex(
            model_name="rejectedrequest",
            index=models.Index(
                condition=models.Q(("is_proven", True)), fields=["-id"], name="rejected_request_proven"
            ),
        ),
        migrations.RunSQL("".join(TRIGGERS), UNDO),
    ]
