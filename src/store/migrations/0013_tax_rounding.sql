-- The rule by which the tax was rounded, once with the document's other rows of its kind and rate.
-- NULL where it follows the invoice that is corrected, and where each code was rounded by itself,
-- before this was kept.
ALTER TABLE document_tax ADD COLUMN rounding TEXT;
