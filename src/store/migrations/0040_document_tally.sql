-- How many documents are posted, how many were canceled, with their totals: lists of all of them count without
-- reading them. Drafts are in tally. `daybook check` counts them anew.
CREATE TABLE document_tally (
  status         TEXT NOT NULL CHECK (status IN ('Posted','Canceled')),
  currency       TEXT NOT NULL,
  count          INTEGER NOT NULL,
  sum_minor      INTEGER NOT NULL,
  PRIMARY KEY (status, currency)
) STRICT, WITHOUT ROWID;
INSERT INTO document_tally SELECT status, currency, count(*), sum(total_minor) FROM document
  WHERE status <> 'Draft' GROUP BY 1, 2;
CREATE TRIGGER document_tally_made AFTER INSERT ON document WHEN NEW.status <> 'Draft' BEGIN
  INSERT INTO document_tally VALUES (NEW.status, NEW.currency, 1, NEW.total_minor)
    ON CONFLICT DO UPDATE SET count = count + 1, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER document_tally_came AFTER UPDATE OF status ON document
WHEN NEW.status <> 'Draft' AND OLD.status <> NEW.status BEGIN
  INSERT INTO document_tally VALUES (NEW.status, NEW.currency, 1, NEW.total_minor)
    ON CONFLICT DO UPDATE SET count = count + 1, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER document_tally_went AFTER UPDATE OF status ON document
WHEN OLD.status <> 'Draft' AND OLD.status <> NEW.status BEGIN
  UPDATE document_tally SET count = count - 1, sum_minor = sum_minor - OLD.total_minor
    WHERE (status, currency) = (OLD.status, OLD.currency);
END;
