-- A withdrawn currency is moved into the one that took its place, once. Posted documents stay in theirs:
-- what was open on them is carried over to a document, or a payment, of the new currency.
CREATE TABLE currency_conversion (
  id             INTEGER PRIMARY KEY,
  from_currency  TEXT NOT NULL UNIQUE,
  to_currency    TEXT NOT NULL,
  rate           TEXT NOT NULL,                       -- of the old for one of the new
  rate_units     INTEGER NOT NULL CHECK (rate_units > 0),  -- minor units of the old …
  rate_scale     INTEGER NOT NULL CHECK (rate_scale > 0),  -- … that are this many of the new
  converted_on   TEXT NOT NULL,
  op_seq         INTEGER NOT NULL,
  at             INTEGER NOT NULL
) STRICT;

-- What a price was before.
CREATE TABLE converted_price (
  charge_version_id INTEGER NOT NULL REFERENCES charge_version (id),
  conversion_id  INTEGER NOT NULL REFERENCES currency_conversion (id),
  price          TEXT NOT NULL,
  tiers          TEXT NOT NULL,
  overage_price  TEXT,
  PRIMARY KEY (charge_version_id, conversion_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE carried (
  id             INTEGER PRIMARY KEY,
  conversion_id  INTEGER NOT NULL REFERENCES currency_conversion (id),
  account_id     INTEGER NOT NULL REFERENCES account (id),
  document_id    INTEGER REFERENCES document (id),
  payment_id     INTEGER REFERENCES payment (id),
  to_document_id INTEGER UNIQUE REFERENCES document (id),   -- none: it rounds to nothing
  to_payment_id  INTEGER UNIQUE REFERENCES payment (id),
  from_minor     INTEGER NOT NULL,                    -- negative: a credit
  to_minor       INTEGER NOT NULL,
  carried_on     TEXT NOT NULL,
  at             INTEGER NOT NULL,
  CHECK ((document_id IS NULL) <> (payment_id IS NULL))
) STRICT;
CREATE INDEX carried_document ON carried (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX carried_payment ON carried (payment_id) WHERE payment_id IS NOT NULL;

-- Of a credit in another currency than the line it corrects: how much of that line it gives back, in the
-- line's own currency. None where both have the same.
ALTER TABLE document_item ADD COLUMN corrects_minor INTEGER;
ALTER TABLE document_item ADD COLUMN corrects_gross_minor INTEGER;

-- Whoever writes such a credit: it takes what it is worth, no more than is left, and all of it where
-- what is left is worth just this.
CREATE TRIGGER item_other_currency AFTER INSERT ON document_item WHEN NEW.corrects_item_id IS NOT NULL
BEGIN UPDATE document_item SET (corrects_minor, corrects_gross_minor) = (
  SELECT CASE WHEN NEW.amount_minor < 0 THEN -1 ELSE 1 END * CASE
      WHEN NEW.amount_minor < 0 = (l.net < 0) THEN (abs(NEW.amount_minor) * l.units * 2 + l.scale) / (l.scale * 2)
      WHEN (abs(l.net) * l.scale * 2 + l.units) / (l.units * 2) = abs(NEW.amount_minor) THEN abs(l.net)
      ELSE min(abs(l.net), (abs(NEW.amount_minor) * l.units * 2 + l.scale) / (l.scale * 2)) END,
    CASE WHEN NEW.gross_minor < 0 THEN -1 ELSE 1 END * ((abs(NEW.gross_minor) * l.units * 2 + l.scale) / (l.scale * 2))
  FROM (SELECT c.rate_units AS units, c.rate_scale AS scale, i.amount_minor + coalesce((
          SELECT sum(coalesce(x.corrects_minor, x.amount_minor)) FROM document_item x
          JOIN document dx ON dx.id = x.document_id JOIN document_state sx ON sx.document_id = dx.id
          WHERE x.corrects_item_id = i.id AND x.id <> NEW.id AND dx.status <> 'Canceled' AND sx.reversed_by IS NULL), 0) AS net
        FROM document_item i JOIN document di ON di.id = i.document_id JOIN document d ON d.id = NEW.document_id
        JOIN currency_conversion c ON c.from_currency = di.currency AND c.to_currency = d.currency
        WHERE i.id = NEW.corrects_item_id AND di.currency <> d.currency) l)
  WHERE id = NEW.id AND (SELECT currency FROM document WHERE id = NEW.document_id) <> (SELECT d.currency
    FROM document_item i JOIN document d ON d.id = i.document_id WHERE i.id = NEW.corrects_item_id);
END;
-- A credit in a currency into which the corrected line's was never moved gives back one for the other.
CREATE TRIGGER item_no_rate BEFORE INSERT ON document_item
WHEN NEW.corrects_item_id IS NOT NULL AND EXISTS (
  SELECT 1 FROM document_item i JOIN document di ON di.id = i.document_id JOIN document d ON d.id = NEW.document_id
  WHERE i.id = NEW.corrects_item_id AND di.currency <> d.currency AND NOT EXISTS (
    SELECT 1 FROM currency_conversion c WHERE c.from_currency = di.currency AND c.to_currency = d.currency))
BEGIN SELECT RAISE(ABORT, 'guard: a line is corrected in its own currency, or in the one that took its place'); END;

CREATE TRIGGER account_currency BEFORE UPDATE OF currency ON account WHEN OLD.currency <> NEW.currency
  AND NOT EXISTS (SELECT 1 FROM currency_conversion WHERE from_currency = OLD.currency AND to_currency = NEW.currency)
BEGIN SELECT RAISE(ABORT, 'guard: an account changes its currency only by a conversion'); END;
CREATE TRIGGER conversion_update BEFORE UPDATE ON currency_conversion
BEGIN SELECT RAISE(ABORT, 'guard: a conversion never changes'); END;
CREATE TRIGGER conversion_delete BEFORE DELETE ON currency_conversion
BEGIN SELECT RAISE(ABORT, 'guard: a conversion is never deleted'); END;
CREATE TRIGGER conversion_replace BEFORE INSERT ON currency_conversion
WHEN EXISTS (SELECT 1 FROM currency_conversion WHERE from_currency = NEW.from_currency OR id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'guard: a currency is converted once'); END;
CREATE TRIGGER carried_update BEFORE UPDATE ON carried
BEGIN SELECT RAISE(ABORT, 'guard: what was carried over never changes'); END;
CREATE TRIGGER carried_delete BEFORE DELETE ON carried
BEGIN SELECT RAISE(ABORT, 'guard: what was carried over is never deleted'); END;
CREATE TRIGGER carried_replace BEFORE INSERT ON carried
WHEN NEW.id IS NOT NULL AND EXISTS (SELECT 1 FROM carried WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'guard: what was carried over is never replaced'); END;
