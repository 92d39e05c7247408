-- The journal by day, then transaction. Rows older than this schema are not judged by the rules on
-- days and on naming documents that came with it.
CREATE INDEX ledger_entry_day ON ledger_entry (entry_on, txn);
