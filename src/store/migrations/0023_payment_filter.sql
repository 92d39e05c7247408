-- What a payment run was made with has one shape, which says which of the two it is. One that was
-- neither stays as it is: it is damage, and its run stands still.
UPDATE payment_run SET filter = CASE
    WHEN json_type(filter, '$.target_on') = 'text' THEN json_object('Due', json(filter))
    WHEN json_type(filter, '$.by_hand') IN ('true', 'false') THEN json_object('Retry', json(filter))
    ELSE filter END
WHERE json_valid(filter);
