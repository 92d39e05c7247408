-- Rates of days, as somebody published them. What a document was posted with is frozen with it.
CREATE TABLE fx_rate (
  from_currency  TEXT NOT NULL,
  to_currency    TEXT NOT NULL,
  rate_on        TEXT NOT NULL,
  rate           TEXT NOT NULL,                       -- one from is so many of to, decimal
  source         TEXT NOT NULL,
  PRIMARY KEY (from_currency, to_currency, rate_on)
) STRICT, WITHOUT ROWID;
