from django.db import migrations

AT_ONCE = 1000
# Of the corrections of a stretch: the last one of its event's phone, before which a message had gone to another
# phone than the event has now. Which phone a message went to says the first correction after it.
MARK = """
UPDATE events_correction SET may_owe_call = true
WHERE id > %(after)s AND id <= %(last)s AND NOT may_owe_call AND called_at IS NULL AND EXISTS (
    SELECT FROM events_event AS event, jsonb_each(events_correction.changed) AS field(name, sides)
    WHERE event.id = events_correction.event_id AND event.phone <> ''
      AND sides ->> 1 = event.phone AND sides ->> 0 <> ''
      AND NOT EXISTS (
        SELECT FROM events_correction AS later
        WHERE later.event_id = event.id AND later.number > events_correction.number
          AND later.changed ? field.name)
      AND EXISTS (
        SELECT FROM events_delivery AS message
        WHERE message.event_id = event.id AND message.service = 'whatsapp' AND message.status = 'done'
          AND message.claimed_at < events_correction.at
          AND event.phone <> (
            SELECT next.changed -> field.name ->> 0 FROM events_correction AS next
            WHERE next.event_id = event.id AND next.at > message.claimed_at AND next.changed ? field.name
            ORDER BY next.number LIMIT 1)))
"""


def mark(apps, schema_editor):
    """Corrections made before it was written down whether a call is owed; a stretch at a time, each by itself."""
    correction = apps.get_model("events", "Correction")
    last = correction.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    with schema_editor.connection.cursor() as cursor:
        for after in range(0, last, AT_ONCE):
            cursor.execute(MARK, {"after": after, "last": after + AT_ONCE})


class Migration(migrations.Migration):
    atomic = False  # rows are written in portions, while others write

    dependencies = [
        ("events", "0009_system_words"),
    ]

    operations = [
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
