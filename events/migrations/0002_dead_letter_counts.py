from django.db import migrations, models

# Dead letters are counted by what they are now, like events: 100,000 may be open, and no page counts rows.
COUNT = """
    INSERT INTO events_countdelta (measure, hour, service, name, detail, amount)
    WITH changed AS (
        SELECT date_trunc('hour', created_at, 'UTC') AS hour, service, cause, event_type, status, one
        FROM ({rows}) AS row
    )
    SELECT 'letter', hour, service, cause, status, sum(one) FROM changed
    GROUP BY hour, service, cause, status HAVING sum(one) <> 0
    UNION ALL
    SELECT 'letter_type', hour, service, event_type, status, sum(one) FROM changed
    GROUP BY hour, service, event_type, status HAVING sum(one) <> 0
"""
TRIGGER = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {count};
    RETURN NULL;
END
$$;
CREATE TRIGGER {name} AFTER {moment} ON events_deadletter REFERENCING {tables}
FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""
NEW, OLD = "SELECT *, 1 AS one FROM new_rows", "SELECT *, -1 AS one FROM old_rows"
NEW_ROWS, OLD_ROWS = "NEW TABLE AS new_rows", "OLD TABLE AS old_rows"
MOMENTS = [
    ("events_count_letters_new", "INSERT", NEW_ROWS, NEW),
    ("events_count_letters_moved", "UPDATE", f"{OLD_ROWS} {NEW_ROWS}", f"{OLD} UNION ALL {NEW}"),
    ("events_count_letters_gone", "DELETE", OLD_ROWS, OLD),
]
TRIGGERS = [
    TRIGGER.format(name=name, moment=moment, tables=tables, count=COUNT.format(rows=rows))
    for name, moment, tables, rows in MOMENTS
]
KNOWN = COUNT.format(rows="SELECT *, 1 AS one FROM events_deadletter")
LOCK = "LOCK TABLE events_deadletter IN SHARE ROW EXCLUSIVE MODE;"  # nobody writes between count and trigger
UNDO = "".join(f"DROP FUNCTION {name} CASCADE;" for name, *_ in MOMENTS)
UNDO += "".join(
    f"DELETE FROM {table} WHERE measure IN ('letter', 'letter_type');"
    for table in ("events_countdelta", "events_hourlycount")
)


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="countdelta",
            name="measure",
            field=models.CharField(
                choices=[
                    ("event", "eventos por hora de chegada: origem, tipo, situação atual"),
                    ("attempt", "tentativas por hora de início: sistema, resultado, faixa de duração"),
                    ("attempt_ms", "milissegundos de tentativas: sistema, resultado"),
                    ("dead_letter", "itens que passaram a precisar de uma pessoa: sistema, causa, espécie"),
                    ("letter", "itens por hora em que surgiram: sistema, causa, situação atual"),
                    ("letter_type", "os mesmos: sistema, tipo de evento, situação atual"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="hourlycount",
            name="measure",
            field=models.CharField(
                choices=[
                    ("event", "eventos por hora de chegada: origem, tipo, situação atual"),
                    ("attempt", "tentativas por hora de início: sistema, resultado, faixa de duração"),
                    ("attempt_ms", "milissegundos de tentativas: sistema, resultado"),
                    ("dead_letter", "itens que passaram a precisar de uma pessoa: sistema, causa, espécie"),
                    ("letter", "itens por hora em que surgiram: sistema, causa, situação atual"),
                    ("letter_type", "os mesmos: sistema, tipo de evento, situação atual"),
                ],
                max_length=12,
            ),
        ),
        migrations.RunSQL(f"{LOCK} {KNOWN}; {''.join(TRIGGERS)}", UNDO),
    ]
