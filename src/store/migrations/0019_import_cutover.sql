-- The day from which the open items of a waiting file count, as it was asked for: who confirms confirms
-- that day too. Requests that wait already say it at the end of their facts, where it was given.
ALTER TABLE import_request ADD COLUMN cutover_on TEXT;
UPDATE import_request SET cutover_on = substr(facts, -12, 10)
 WHERE kind = 'open_items' AND facts GLOB '* from [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"]';
