-- Lines of banks by where they stand: those that somebody has to look at, and each state in the order of reading.
DROP INDEX bank_line_open;
CREATE INDEX bank_line_state ON bank_line (state, id);
