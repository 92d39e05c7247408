-- What settles an unanswered payment or refund is what is found. The gateway's own clock at the first
-- call says how long its key may be used again; a refund is looked up on a schedule as a payment is;
-- and how far this machine's clock is off the gateway's is told, and counts for nothing.
ALTER TABLE payment ADD COLUMN gateway_at INTEGER;
ALTER TABLE payment_event ADD COLUMN gateway_at INTEGER;
ALTER TABLE payment_event ADD COLUMN look_ups INTEGER NOT NULL DEFAULT 0;
ALTER TABLE payment_event ADD COLUMN next_look_up_at INTEGER;
ALTER TABLE gateway_poll ADD COLUMN clock_off_ms INTEGER;
UPDATE payment_event SET next_look_up_at = at WHERE kind = 'refund' AND status IN ('Processing', 'Unknown');
