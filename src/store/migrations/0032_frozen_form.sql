-- What posting freezes is a form that many documents share (issuer, term, paper) and the words of this one in
-- it (customer, card): with a form in `frozen_id` the column `frozen` is the list of the words alone. Documents
-- from before, and those whose form is seldom used, have all of it themselves.
ALTER TABLE document ADD COLUMN frozen_id INTEGER REFERENCES shared_text (id) CHECK (frozen_id IS NULL OR frozen IS NOT NULL);
