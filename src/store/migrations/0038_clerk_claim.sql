-- Which clerk has taken a draft to look at. Advisory, and for the day on which it was made.
CREATE TABLE clerk_claim (
  document_id    INTEGER PRIMARY KEY REFERENCES document (id),
  uid            INTEGER NOT NULL,
  user_name      TEXT NOT NULL,
  claimed_on     TEXT NOT NULL                        -- the book's day; it binds on no other
) STRICT;
CREATE INDEX clerk_claim_day ON clerk_claim (claimed_on, uid, document_id);
CREATE TRIGGER clerk_claim_of_draft BEFORE INSERT ON clerk_claim
  WHEN (SELECT status FROM document_state WHERE document_id = NEW.document_id) IS NOT 'Draft'
  BEGIN SELECT RAISE(ABORT, 'only a draft is claimed'); END;
CREATE TRIGGER clerk_claim_ends AFTER UPDATE OF status ON document_state WHEN NEW.status <> 'Draft'
  BEGIN DELETE FROM clerk_claim WHERE document_id = NEW.document_id; END;
