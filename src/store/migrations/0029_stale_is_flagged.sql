-- A draft that is out of date counts as flagged, as the list shows it: what it waits for is the same
-- clerk. `daybook check` counts both together.
DROP TRIGGER tally_draft_made;
CREATE TRIGGER tally_draft_made AFTER INSERT ON document_state WHEN NEW.status = 'Draft' BEGIN
  INSERT INTO tally SELECT 'draft', NEW.review, d.currency, 1, d.total_minor,
      NEW.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)
    FROM document d WHERE d.id = NEW.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
DROP TRIGGER tally_draft_left;
CREATE TRIGGER tally_draft_left AFTER UPDATE OF status ON document_state
WHEN OLD.status = 'Draft' AND NEW.status <> 'Draft' BEGIN
  INSERT INTO tally SELECT 'draft', OLD.review, d.currency, -1, -d.total_minor,
      -(OLD.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id))
    FROM document d WHERE d.id = OLD.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
DROP TRIGGER tally_draft_back;
CREATE TRIGGER tally_draft_back AFTER UPDATE OF status ON document_state
WHEN OLD.status <> 'Draft' AND NEW.status = 'Draft' BEGIN
  INSERT INTO tally SELECT 'draft', NEW.review, d.currency, 1, d.total_minor,
      NEW.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)
    FROM document d WHERE d.id = NEW.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
DROP TRIGGER tally_draft_reviewed;
CREATE TRIGGER tally_draft_reviewed AFTER UPDATE OF review ON document_state
WHEN OLD.status = 'Draft' AND NEW.status = 'Draft' AND OLD.review <> NEW.review BEGIN
  INSERT INTO tally SELECT 'draft', OLD.review, d.currency, -1, -d.total_minor,
      -(OLD.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id))
    FROM document d WHERE d.id = OLD.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
  INSERT INTO tally SELECT 'draft', NEW.review, d.currency, 1, d.total_minor,
      NEW.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)
    FROM document d WHERE d.id = NEW.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
DROP TRIGGER tally_draft_changed;
CREATE TRIGGER tally_draft_changed AFTER UPDATE OF total_minor, currency ON document
WHEN OLD.total_minor <> NEW.total_minor OR OLD.currency <> NEW.currency BEGIN
  INSERT INTO tally SELECT 'draft', s.review, OLD.currency, -1, -OLD.total_minor,
      -(s.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = s.document_id))
    FROM document_state s WHERE s.document_id = OLD.id AND s.status = 'Draft'
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
  INSERT INTO tally SELECT 'draft', s.review, NEW.currency, 1, NEW.total_minor,
      s.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = s.document_id)
    FROM document_state s WHERE s.document_id = NEW.id AND s.status = 'Draft'
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
DROP TRIGGER tally_flagged;
CREATE TRIGGER tally_flagged AFTER INSERT ON flag
WHEN NOT EXISTS (SELECT 1 FROM flag f WHERE f.document_id = NEW.document_id AND f.code <> NEW.code) BEGIN
  UPDATE tally SET flagged = flagged + 1 WHERE name = 'draft'
    AND (word, currency) = (SELECT s.review, d.currency FROM document_state s
      JOIN document d ON d.id = s.document_id
      WHERE s.document_id = NEW.document_id AND s.status = 'Draft' AND s.stale = '');
END;
DROP TRIGGER tally_unflagged;
CREATE TRIGGER tally_unflagged AFTER DELETE ON flag
WHEN NOT EXISTS (SELECT 1 FROM flag f WHERE f.document_id = OLD.document_id) BEGIN
  UPDATE tally SET flagged = flagged - 1 WHERE name = 'draft'
    AND (word, currency) = (SELECT s.review, d.currency FROM document_state s
      JOIN document d ON d.id = s.document_id
      WHERE s.document_id = OLD.document_id AND s.status = 'Draft' AND s.stale = '');
END;
CREATE TRIGGER tally_stale AFTER UPDATE OF stale ON document_state
WHEN (OLD.stale <> '') <> (NEW.stale <> '') AND OLD.status = 'Draft' AND NEW.status = 'Draft' AND OLD.review = NEW.review
  AND NOT EXISTS (SELECT 1 FROM flag f WHERE f.document_id = NEW.document_id) BEGIN
  UPDATE tally SET flagged = flagged + iif(NEW.stale <> '', 1, -1) WHERE name = 'draft'
    AND (word, currency) = (SELECT NEW.review, d.currency FROM document d WHERE d.id = NEW.document_id);
END;

UPDATE tally SET flagged = (
  SELECT count(*) FROM document_state s JOIN document d ON d.id = s.document_id
  WHERE s.status = 'Draft' AND s.review = tally.word AND d.currency = tally.currency
    AND (s.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)))
WHERE name = 'draft' AND EXISTS (SELECT 1 FROM document_state WHERE status = 'Draft' AND stale <> '');
