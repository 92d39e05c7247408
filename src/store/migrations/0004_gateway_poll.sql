-- Up to when each gateway was asked what went back of its charges, and when it is asked next.
CREATE TABLE gateway_poll (
  gateway        TEXT PRIMARY KEY,
  through_at     INTEGER NOT NULL,
  next_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO gateway_poll (gateway, through_at, next_at)
  SELECT gateway, min(created_at), 0 FROM payment WHERE method_id IS NOT NULL GROUP BY gateway;
