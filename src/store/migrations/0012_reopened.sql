-- The day a debt was owed again after money had settled it: its reminders count from there.
ALTER TABLE document_state ADD COLUMN reopened_on TEXT;
UPDATE document_state SET reminder_level = 0, reopened_on = (
  SELECT max(e.event_on) FROM allocation l JOIN payment_event e ON e.payment_id = l.payment_id
  WHERE l.document_id = document_state.document_id AND l.reopened_minor > 0 AND e.status = 'Done'
    AND e.kind IN ('refund','return','chargeback') AND e.at > document_state.reminded_at)
WHERE status = 'Posted' AND balance_minor > 0 AND reminder_level > 0 AND EXISTS (
  SELECT 1 FROM allocation l JOIN payment_event e ON e.payment_id = l.payment_id
  WHERE l.document_id = document_state.document_id AND l.reopened_minor > 0 AND e.status = 'Done'
    AND e.kind IN ('refund','return','chargeback') AND e.at > document_state.reminded_at);
