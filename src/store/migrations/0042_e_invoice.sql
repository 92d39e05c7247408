-- What electronic invoices want to know: of a customer, of a tax, of how it is paid; and the XML of what went
-- out, as it went out.
ALTER TABLE account_version ADD COLUMN legal TEXT NOT NULL DEFAULT '';  -- JSON; empty = nothing is known
ALTER TABLE tax_rate ADD COLUMN category TEXT NOT NULL DEFAULT '' CHECK (category IN ('','S','Z','E','AE','K','G','O','L','M'));
ALTER TABLE payment_method ADD COLUMN mandate TEXT NOT NULL DEFAULT '';
ALTER TABLE payment_method ADD COLUMN iban TEXT NOT NULL DEFAULT '';
CREATE TABLE e_document (
  document_id    INTEGER PRIMARY KEY REFERENCES document (id),
  form           TEXT NOT NULL CHECK (form IN ('xrechnung','peppol','factur-x','ubl','cii','none')),
  rules          TEXT NOT NULL,                       -- what it was written by
  hash           BLOB NOT NULL,                       -- SHA-256 of the XML
  xml            BLOB NOT NULL,                       -- deflated (zlib)
  made_at        INTEGER NOT NULL
) STRICT;
CREATE TRIGGER e_document_update BEFORE UPDATE ON e_document
BEGIN SELECT RAISE(ABORT, 'guard: an e-invoice that went out never changes'); END;
CREATE TRIGGER e_document_delete BEFORE DELETE ON e_document
BEGIN SELECT RAISE(ABORT, 'guard: an e-invoice that went out is never removed'); END;
CREATE TRIGGER e_document_replace BEFORE INSERT ON e_document
WHEN EXISTS (SELECT 1 FROM e_document WHERE document_id = NEW.document_id)
BEGIN SELECT RAISE(ABORT, 'guard: an e-invoice that went out is never replaced'); END;
CREATE INDEX flag_e_invoice ON flag (document_id) WHERE code = 'e_invoice';
