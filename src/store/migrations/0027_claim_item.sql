-- A line that is taken away asks whether a claim names it: of all claims there are.
CREATE INDEX claim_item ON claim (item_id) WHERE item_id IS NOT NULL;
