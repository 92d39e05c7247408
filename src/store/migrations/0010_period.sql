-- Of a billed line: the day the period began on that its days were a share of, as it was meant
-- (2023-02-31). NULL where it was billed before this was kept. See domain::period::Anchor.
ALTER TABLE claim ADD COLUMN period TEXT;
