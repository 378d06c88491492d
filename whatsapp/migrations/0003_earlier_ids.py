"""A message keeps the ids it had before a person's retry, and the channel the moment it was lost."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models
from django.db.models import Q

FUNCTION = """
CREATE OR REPLACE FUNCTION whatsapp_follow_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO whatsapp_message (delivery_id, phone)
        SELECT NEW.id, event.phone FROM events_event AS event WHERE event.id = NEW.event_id;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM whatsapp_message WHERE delivery_id = OLD.id;
    ELSIF NEW.status = 'dead' AND OLD.status IN ('queued', 'running') THEN
        UPDATE whatsapp_message SET status = 'failed', failed_at = now(), error = NEW.error
        WHERE delivery_id = NEW.id;
    ELSIF NEW.status = 'skipped' AND OLD.status IN ('waiting', 'queued', 'running') THEN
        UPDATE whatsapp_message
        SET status = CASE NEW.skip_cause WHEN 'expired' THEN 'expired' ELSE 'cancelled' END
        WHERE delivery_id = NEW.id;
    ELSIF NEW.status = 'queued' AND OLD.status IN ('dead', 'skipped') THEN
        UPDATE whatsapp_message
        SET status = 'queued', failure = '', error = '', zaap_id = '', message_id = NULL, accepted_at = NULL,
            sent_at = NULL, delivered_at = NULL, read_at = NULL, played_at = NULL, failed_at = NULL{keep}
        WHERE delivery_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;
"""

KEEP = """,
            earlier_ids = earlier_ids || CASE WHEN message_id IS NULL THEN '{}' ELSE ARRAY[message_id] END
                                      || CASE WHEN zaap_id = '' THEN '{}' ELSE ARRAY[zaap_id] END"""


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0002_follow_deliveries")]

    operations = [
        migrations.AddField(
            "channel", "lost_at", models.DateTimeField(blank=True, null=True, verbose_name="caiu em")
        ),
        migrations.AddField(
            "message",
            "earlier_ids",
            django.contrib.postgres.fields.ArrayField(
                models.CharField(max_length=120),
                blank=True,
                db_default=models.Value([]),
                default=list,
                verbose_name="ids de envios anteriores",
            ),
        ),
        migrations.AddIndex(
            "message",
            django.contrib.postgres.indexes.GinIndex(
                condition=~Q(earlier_ids=[]), fields=["earlier_ids"], name="message_by_earlier_id"
            ),
        ),
        migrations.RunSQL(FUNCTION.replace("{keep}", KEEP), FUNCTION.replace("{keep}", "")),
    ]
