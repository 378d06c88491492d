"""A message is made with its delivery and follows it until Z-API has it, whoever moves the delivery."""

from django.db import migrations

FOLLOW = """
CREATE FUNCTION whatsapp_follow_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
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
            sent_at = NULL, delivered_at = NULL, read_at = NULL, played_at = NULL, failed_at = NULL
        WHERE delivery_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER whatsapp_message_is_made AFTER INSERT ON events_delivery
FOR EACH ROW WHEN (NEW.service = 'whatsapp') EXECUTE FUNCTION whatsapp_follow_delivery();
CREATE TRIGGER whatsapp_message_follows AFTER UPDATE OF status ON events_delivery
FOR EACH ROW WHEN (NEW.service = 'whatsapp' AND OLD.status <> NEW.status)
EXECUTE FUNCTION whatsapp_follow_delivery();
CREATE TRIGGER whatsapp_message_ends AFTER DELETE ON events_delivery
FOR EACH ROW WHEN (OLD.service = 'whatsapp') EXECUTE FUNCTION whatsapp_follow_delivery();

INSERT INTO whatsapp_message (delivery_id, phone, status)
SELECT delivery.id, event.phone,
       CASE WHEN delivery.status = 'done' THEN 'accepted' WHEN delivery.status = 'dead' THEN 'failed'
            WHEN delivery.skip_cause = 'expired' THEN 'expired' WHEN delivery.status = 'skipped' THEN 'cancelled'
            ELSE 'queued' END
FROM events_delivery AS delivery JOIN events_event AS event ON event.id = delivery.event_id
WHERE delivery.service = 'whatsapp';
"""

UNFOLLOW = """
DROP TRIGGER whatsapp_message_is_made ON events_delivery;
DROP TRIGGER whatsapp_message_follows ON events_delivery;
DROP TRIGGER whatsapp_message_ends ON events_delivery;
DROP FUNCTION whatsapp_follow_delivery();
"""


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0001_initial"), ("events", "0005_look_first")]

    operations = [migrations.RunSQL(FOLLOW, UNFOLLOW)]
