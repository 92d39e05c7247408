-- Of a copy: whether a person chose its way (1 = it does not follow the account's preference), whether
-- a try of it may have arrived though it was queued again, and the copy that took its place.
ALTER TABLE delivery ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0,1));
ALTER TABLE delivery ADD COLUMN maybe_out INTEGER NOT NULL DEFAULT 0 CHECK (maybe_out IN (0,1));
ALTER TABLE delivery ADD COLUMN replaced_by INTEGER;
UPDATE delivery SET by_hand = 1 WHERE EXISTS (
  SELECT 1 FROM delivery o WHERE o.document_id = delivery.document_id AND o.channel <> delivery.channel
  AND o.id < delivery.id AND o.last_reply = 'by ' || delivery.channel || ' instead');
