-- An index of all claims by line served the reference to the line alone: who takes a line away must find
-- its claim. A claim lies with the document of its line, where it is found without one. So the reference
-- is these guards now, which ask for more: the line is of the claim's own document. What the table holds
-- does not change, so its text is changed in place.
DROP INDEX claim_item;
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
  'item_id        INTEGER REFERENCES document_item (id),',
  'item_id        INTEGER,')
WHERE type = 'table' AND name = 'claim';
PRAGMA writable_schema = RESET;
CREATE TRIGGER claim_of_line AFTER INSERT ON claim WHEN NEW.item_id IS NOT NULL
  AND (SELECT document_id FROM document_item WHERE id = NEW.item_id) IS NOT NEW.document_id
BEGIN SELECT RAISE(ABORT, 'guard: a claim is of a line of its document'); END;
CREATE TRIGGER claim_moved AFTER UPDATE OF document_id, item_id ON claim WHEN NEW.item_id IS NOT NULL
  AND (SELECT document_id FROM document_item WHERE id = NEW.item_id) IS NOT NEW.document_id
BEGIN SELECT RAISE(ABORT, 'guard: a claim is of a line of its document'); END;
CREATE TRIGGER line_claimed_delete AFTER DELETE ON document_item
WHEN EXISTS (SELECT 1 FROM claim WHERE document_id = OLD.document_id AND item_id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'guard: a line is not taken away from its claim'); END;
CREATE TRIGGER line_claimed_update AFTER UPDATE OF id, document_id ON document_item
WHEN (OLD.id <> NEW.id OR OLD.document_id <> NEW.document_id)
  AND EXISTS (SELECT 1 FROM claim WHERE document_id = OLD.document_id AND item_id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'guard: a line is not taken away from its claim'); END;
