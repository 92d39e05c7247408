-- Counts and sums that screens show of sets that are large, kept by the change that makes them: a
-- screen of a million documents reads some rows. `daybook check` counts them anew.
CREATE TABLE tally (
  name           TEXT NOT NULL CHECK (name IN ('draft','owed','undelivered','copy')),
  word           TEXT NOT NULL,                       -- draft: review; owed: due day; copy: status
  currency       TEXT NOT NULL,
  count          INTEGER NOT NULL,
  sum_minor      INTEGER NOT NULL,
  flagged        INTEGER NOT NULL DEFAULT 0,          -- of drafts: with a flag
  PRIMARY KEY (name, word, currency)
) STRICT, WITHOUT ROWID;

INSERT INTO tally (name, word, currency, count, sum_minor, flagged)
SELECT 'draft', s.review, d.currency, count(*), sum(d.total_minor),
       sum(EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id))
FROM document_state s JOIN document d ON d.id = s.document_id WHERE s.status = 'Draft' GROUP BY 2, 3;
INSERT INTO tally (name, word, currency, count, sum_minor)
SELECT 'owed', s.due_on, d.currency, count(*), sum(s.balance_minor)
FROM document_state s JOIN document d ON d.id = s.document_id
WHERE s.status = 'Posted' AND s.balance_minor > 0 AND d.kind IN ('invoice','debit_memo') GROUP BY 2, 3;
INSERT INTO tally (name, word, currency, count, sum_minor)
SELECT 'undelivered', '', d.currency, count(*), sum(d.total_minor) FROM document d
WHERE d.status = 'Posted' AND d.kind <> 'write_off' AND d.source <> 'open_item'
  AND NOT EXISTS (SELECT 1 FROM delivery l WHERE l.document_id = d.id) GROUP BY 3;
INSERT INTO tally (name, word, currency, count, sum_minor)
SELECT 'copy', l.status, d.currency, count(*), sum(d.total_minor)
FROM delivery l JOIN document d ON d.id = l.document_id GROUP BY 2, 3;

CREATE TRIGGER tally_draft_made AFTER INSERT ON document_state WHEN NEW.status = 'Draft' BEGIN
  INSERT INTO tally SELECT 'draft', NEW.review, d.currency, 1, d.total_minor,
      EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)
    FROM document d WHERE d.id = NEW.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
CREATE TRIGGER tally_draft_left AFTER UPDATE OF status ON document_state
WHEN OLD.status = 'Draft' AND NEW.status <> 'Draft' BEGIN
  INSERT INTO tally SELECT 'draft', OLD.review, d.currency, -1, -d.total_minor,
      -EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)
    FROM document d WHERE d.id = OLD.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
CREATE TRIGGER tally_draft_back AFTER UPDATE OF status ON document_state
WHEN OLD.status <> 'Draft' AND NEW.status = 'Draft' BEGIN
  INSERT INTO tally SELECT 'draft', NEW.review, d.currency, 1, d.total_minor,
      EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)
    FROM document d WHERE d.id = NEW.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
CREATE TRIGGER tally_draft_reviewed AFTER UPDATE OF review ON document_state
WHEN OLD.status = 'Draft' AND NEW.status = 'Draft' AND OLD.review <> NEW.review BEGIN
  INSERT INTO tally SELECT 'draft', OLD.review, d.currency, -1, -d.total_minor,
      -EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)
    FROM document d WHERE d.id = OLD.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
  INSERT INTO tally SELECT 'draft', NEW.review, d.currency, 1, d.total_minor,
      EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)
    FROM document d WHERE d.id = NEW.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
CREATE TRIGGER tally_draft_changed AFTER UPDATE OF total_minor, currency ON document
WHEN OLD.total_minor <> NEW.total_minor OR OLD.currency <> NEW.currency BEGIN
  INSERT INTO tally SELECT 'draft', s.review, OLD.currency, -1, -OLD.total_minor,
      -EXISTS (SELECT 1 FROM flag f WHERE f.document_id = s.document_id)
    FROM document_state s WHERE s.document_id = OLD.id AND s.status = 'Draft'
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
  INSERT INTO tally SELECT 'draft', s.review, NEW.currency, 1, NEW.total_minor,
      EXISTS (SELECT 1 FROM flag f WHERE f.document_id = s.document_id)
    FROM document_state s WHERE s.document_id = NEW.id AND s.status = 'Draft'
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
CREATE TRIGGER tally_flagged AFTER INSERT ON flag
WHEN NOT EXISTS (SELECT 1 FROM flag f WHERE f.document_id = NEW.document_id AND f.code <> NEW.code) BEGIN
  UPDATE tally SET flagged = flagged + 1 WHERE name = 'draft'
    AND (word, currency) = (SELECT s.review, d.currency FROM document_state s
      JOIN document d ON d.id = s.document_id
      WHERE s.document_id = NEW.document_id AND s.status = 'Draft');
END;
CREATE TRIGGER tally_unflagged AFTER DELETE ON flag
WHEN NOT EXISTS (SELECT 1 FROM flag f WHERE f.document_id = OLD.document_id) BEGIN
  UPDATE tally SET flagged = flagged - 1 WHERE name = 'draft'
    AND (word, currency) = (SELECT s.review, d.currency FROM document_state s
      JOIN document d ON d.id = s.document_id
      WHERE s.document_id = OLD.document_id AND s.status = 'Draft');
END;

CREATE TRIGGER tally_owed_made AFTER INSERT ON document_state
WHEN NEW.status = 'Posted' AND NEW.balance_minor > 0 BEGIN
  INSERT INTO tally SELECT 'owed', NEW.due_on, d.currency, 1, NEW.balance_minor, 0
    FROM document d WHERE d.id = NEW.document_id AND d.kind IN ('invoice','debit_memo')
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_owed_came AFTER UPDATE OF status, balance_minor, due_on ON document_state
WHEN NEW.status = 'Posted' AND NEW.balance_minor > 0 AND NOT (OLD.status = 'Posted' AND OLD.balance_minor > 0) BEGIN
  INSERT INTO tally SELECT 'owed', NEW.due_on, d.currency, 1, NEW.balance_minor, 0
    FROM document d WHERE d.id = NEW.document_id AND d.kind IN ('invoice','debit_memo')
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_owed_went AFTER UPDATE OF status, balance_minor, due_on ON document_state
WHEN OLD.status = 'Posted' AND OLD.balance_minor > 0 AND NOT (NEW.status = 'Posted' AND NEW.balance_minor > 0) BEGIN
  INSERT INTO tally SELECT 'owed', OLD.due_on, d.currency, -1, -OLD.balance_minor, 0
    FROM document d WHERE d.id = OLD.document_id AND d.kind IN ('invoice','debit_memo')
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_owed_less AFTER UPDATE OF status, balance_minor, due_on ON document_state
WHEN OLD.status = 'Posted' AND OLD.balance_minor > 0 AND NEW.status = 'Posted' AND NEW.balance_minor > 0
  AND OLD.due_on = NEW.due_on AND OLD.balance_minor <> NEW.balance_minor BEGIN
  INSERT INTO tally SELECT 'owed', NEW.due_on, d.currency, 0, NEW.balance_minor - OLD.balance_minor, 0
    FROM document d WHERE d.id = NEW.document_id AND d.kind IN ('invoice','debit_memo')
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_owed_later AFTER UPDATE OF status, balance_minor, due_on ON document_state
WHEN OLD.status = 'Posted' AND OLD.balance_minor > 0 AND NEW.status = 'Posted' AND NEW.balance_minor > 0
  AND OLD.due_on <> NEW.due_on BEGIN
  INSERT INTO tally SELECT 'owed', OLD.due_on, d.currency, -1, -OLD.balance_minor, 0
    FROM document d WHERE d.id = OLD.document_id AND d.kind IN ('invoice','debit_memo')
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
  INSERT INTO tally SELECT 'owed', NEW.due_on, d.currency, 1, NEW.balance_minor, 0
    FROM document d WHERE d.id = NEW.document_id AND d.kind IN ('invoice','debit_memo')
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;

CREATE TRIGGER tally_posted AFTER UPDATE OF status ON document
WHEN NEW.status = 'Posted' AND OLD.status <> 'Posted' AND NEW.kind <> 'write_off' AND NEW.source <> 'open_item' BEGIN
  INSERT INTO tally SELECT 'undelivered', '', NEW.currency, 1, NEW.total_minor, 0
    WHERE NOT EXISTS (SELECT 1 FROM delivery l WHERE l.document_id = NEW.id)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_posted_made AFTER INSERT ON document
WHEN NEW.status = 'Posted' AND NEW.kind <> 'write_off' AND NEW.source <> 'open_item' BEGIN
  INSERT INTO tally VALUES ('undelivered', '', NEW.currency, 1, NEW.total_minor, 0)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_copy_made AFTER INSERT ON delivery BEGIN
  INSERT INTO tally SELECT 'copy', NEW.status, d.currency, 1, d.total_minor, 0
    FROM document d WHERE d.id = NEW.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
  INSERT INTO tally SELECT 'undelivered', '', d.currency, -1, -d.total_minor, 0
    FROM document d WHERE d.id = NEW.document_id AND d.status = 'Posted' AND d.kind <> 'write_off'
      AND d.source <> 'open_item' AND NOT EXISTS (SELECT 1 FROM delivery l
        WHERE l.document_id = NEW.document_id AND l.id <> NEW.id)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_copy_moved AFTER UPDATE OF status ON delivery WHEN OLD.status <> NEW.status BEGIN
  INSERT INTO tally SELECT 'copy', OLD.status, d.currency, -1, -d.total_minor, 0
    FROM document d WHERE d.id = OLD.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
  INSERT INTO tally SELECT 'copy', NEW.status, d.currency, 1, d.total_minor, 0
    FROM document d WHERE d.id = NEW.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;

-- Copies that came after another of the same document and address.
CREATE INDEX delivery_again ON delivery (document_id, channel, address, copy) WHERE copy > 1;
-- What may keep a draft from being posted.
CREATE INDEX document_state_kept ON document_state (document_id) WHERE status = 'Draft' AND (review = 'held' OR stale <> '');
CREATE INDEX document_tax_reverse ON document_tax (document_id) WHERE kind = 'reverse_charge';
CREATE INDEX flag_unprintable ON flag (document_id) WHERE code = 'unprintable';
CREATE INDEX document_item_by_hand ON document_item (document_id) WHERE origin <> 'run';
