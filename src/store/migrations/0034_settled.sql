-- Days of an account on which bill runs have nothing left to do, so that the run of the 24th month reads
-- as little as that of the second. Written by bill runs (`AccountBill::settled`), valid while the terms and
-- rules are those of the stamp, and gone as soon as a claim or usage is written or taken away on its days.
-- `daybook check` asks that all there is on them is posted.
CREATE TABLE settled (
  account_id     INTEGER PRIMARY KEY REFERENCES account (id),
  through_on     TEXT NOT NULL,
  stamp          INTEGER NOT NULL
) STRICT;
CREATE TRIGGER settled_by_claim AFTER INSERT ON claim BEGIN
  DELETE FROM settled WHERE account_id = NEW.account_id AND through_on >= NEW.from_on;
END;
CREATE TRIGGER settled_by_claim_change AFTER UPDATE ON claim BEGIN
  DELETE FROM settled WHERE account_id = OLD.account_id AND through_on >= min(OLD.from_on, NEW.from_on);
  DELETE FROM settled WHERE account_id = NEW.account_id AND through_on >= min(OLD.from_on, NEW.from_on);
END;
CREATE TRIGGER settled_by_claim_gone AFTER DELETE ON claim BEGIN
  DELETE FROM settled WHERE account_id = OLD.account_id AND through_on >= OLD.from_on;
END;
CREATE TRIGGER settled_by_usage AFTER INSERT ON usage BEGIN
  DELETE FROM settled WHERE account_id = NEW.account_id AND through_on >= NEW.start_on;
END;
CREATE TRIGGER settled_by_usage_change AFTER UPDATE ON usage BEGIN
  DELETE FROM settled WHERE account_id = OLD.account_id AND through_on >= min(OLD.start_on, NEW.start_on);
  DELETE FROM settled WHERE account_id = NEW.account_id AND through_on >= min(OLD.start_on, NEW.start_on);
END;
CREATE TRIGGER settled_by_usage_free AFTER DELETE ON usage_claim BEGIN
  DELETE FROM settled WHERE account_id = (SELECT account_id FROM usage WHERE id = OLD.usage_id)
    AND through_on >= (SELECT start_on FROM usage WHERE id = OLD.usage_id);
END;
