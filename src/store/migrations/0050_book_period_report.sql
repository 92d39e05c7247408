-- The reports of a month as they stood when it was closed: what they came to, and the hash of each as CSV.
CREATE TABLE book_period_report (
  month          TEXT NOT NULL REFERENCES book_period (month),
  file           TEXT NOT NULL,                       -- aging.csv, of the pack
  rows           INTEGER NOT NULL,
  sha256         TEXT NOT NULL,                       -- hexadecimal
  totals         TEXT NOT NULL,                       -- JSON, by currency; empty where it has none
  PRIMARY KEY (month, file)
) STRICT, WITHOUT ROWID;
