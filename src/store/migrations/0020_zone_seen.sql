-- By which time zone data the processes that work by the clock count the days of the book's zone.
CREATE TABLE zone_seen (
  zone     TEXT NOT NULL,
  release  TEXT NOT NULL,                             -- such as 2026f
  rules    TEXT NOT NULL,                             -- JSON: [second since 1970, seconds east] from the year before to the year after next
  seen_at  INTEGER NOT NULL,
  PRIMARY KEY (zone, release, rules)
) STRICT, WITHOUT ROWID;
