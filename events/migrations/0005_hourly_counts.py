"""Hourly counts kept by triggers: exact whoever writes, and without a lock that two writers share."""

from django.db import migrations, models

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
LETTERS = """
    SELECT 'dead_letter', date_trunc('hour', created_at, 'UTC'), service, cause, kind, count(*)
    FROM {} GROUP BY 2, 3, 4, 5
"""


def moved(measure, hour, columns):
    """One less of what a row was, one more of what it is."""
    was, now_is = (
        ", ".join([f"date_trunc('hour', {row}.{hour}, 'UTC') AS hour", *(f"{row}.{name} AS {name}" for name in columns)])
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
    trigger("events_count_moved", "events_event", "UPDATE", BOTH, moved("event", "received_at", ["source", "type", "status"])),
    trigger("events_count_attempts", "events_attempt", "INSERT", NEW, ATTEMPTS.format("new_rows")),
    trigger("events_count_letters", "events_deadletter", "INSERT", NEW, LETTERS.format("new_rows")),
    trigger("events_count_letters_moved", "events_deadletter", "UPDATE", BOTH,
            moved("dead_letter", "created_at", ["service", "cause", "kind"])),
]
BACKFILL = [
    INTO.format("events_hourlycount") + EVENTS.format("events_event"),
    INTO.format("events_hourlycount") + ATTEMPTS.format("events_attempt"),
    INTO.format("events_hourlycount") + LETTERS.format("events_deadletter"),
    INTO.format("events_hourlycount") + """
    SELECT measure, 'epoch', service, name, detail, sum(amount) FROM events_hourlycount GROUP BY 1, 3, 4, 5
""",
]
UNDO = """
DROP FUNCTION events_count_new CASCADE;
DROP FUNCTION events_count_moved CASCADE;
DROP FUNCTION events_count_attempts CASCADE;
DROP FUNCTION events_count_letters CASCADE;
DROP FUNCTION events_count_letters_moved CASCADE;
"""


# The counts of what is there already are written once; from then on the triggers keep them.

class Migration(migrations.Migration):

    dependencies = [
        ('events', '0004_indexes_of_lists'),
    ]

    operations = [
        migrations.CreateModel(
            name='CountDelta',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('measure', models.CharField(choices=[('event', 'eventos por hora de chegada: origem, tipo, situação atual'), ('attempt', 'tentativas por hora de início: sistema, resultado, faixa de duração'), ('attempt_ms', 'milissegundos de tentativas: sistema, resultado'), ('dead_letter', 'itens que passaram a precisar de uma pessoa: sistema, causa, espécie')], max_length=12)),
                ('hour', models.DateTimeField()),
                ('service', models.CharField(blank=True, db_default='', max_length=20)),
                ('name', models.CharField(blank=True, db_default='', max_length=60)),
                ('detail', models.CharField(blank=True, db_default='', max_length=12)),
                ('amount', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'contagem a somar',
                'verbose_name_plural': 'contagens a somar',
            },
        ),
        migrations.CreateModel(
            name='HourlyCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('measure', models.CharField(choices=[('event', 'eventos por hora de chegada: origem, tipo, situação atual'), ('attempt', 'tentativas por hora de início: sistema, resultado, faixa de duração'), ('attempt_ms', 'milissegundos de tentativas: sistema, resultado'), ('dead_letter', 'itens que passaram a precisar de uma pessoa: sistema, causa, espécie')], max_length=12)),
                ('hour', models.DateTimeField()),
                ('service', models.CharField(blank=True, db_default='', max_length=20)),
                ('name', models.CharField(blank=True, db_default='', max_length=60)),
                ('detail', models.CharField(blank=True, db_default='', max_length=12)),
                ('amount', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'contagem por hora',
                'verbose_name_plural': 'contagens por hora',
            },
        ),
        migrations.AddConstraint(
            model_name='hourlycount',
            constraint=models.UniqueConstraint(fields=('measure', 'hour', 'service', 'name', 'detail'), name='hourly_count_once'),
        ),
        *(migrations.RunSQL(statement, migrations.RunSQL.noop) for statement in BACKFILL),
        migrations.RunSQL("".join(TRIGGERS), UNDO),
    ]
