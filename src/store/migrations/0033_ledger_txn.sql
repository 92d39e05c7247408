-- No statement finds entries by their transaction alone: the trail and the export go by the day as well,
-- and `daybook check` reads all of them.
DROP INDEX ledger_entry_txn;
