//! What is agreed or contested, beside the marks that keep runs and reminders off.

/// Agreements and marks that do not belong together.
pub const STANDS: &str = "
SELECT printf('D-%06d is marked as disputed, and nobody disputes it', s.document_id)
FROM collectible c JOIN document_state s ON s.document_id = c.document_id
WHERE s.disputed <> '' AND NOT EXISTS (SELECT 1 FROM dispute p
  WHERE p.document_id = s.document_id AND p.state = 'open')
UNION ALL
SELECT printf('D-%06d is disputed, and not marked so', p.document_id)
FROM dispute p JOIN document_state s ON s.document_id = p.document_id
WHERE p.state = 'open' AND s.disputed = ''
UNION ALL
SELECT printf('D-%06d is kept back until %s, and nothing was promised', s.document_id, s.promised_on)
FROM collectible c JOIN document_state s ON s.document_id = c.document_id
WHERE s.promised_on IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM promise p WHERE p.document_id = s.document_id AND p.state = 'open')
  AND NOT EXISTS (SELECT 1 FROM instalment_document i WHERE i.document_id = s.document_id AND i.open = 1)
UNION ALL
SELECT printf('IP-%06d: its instalments come to %d minor units, its invoices owed %d', p.id,
  coalesce((SELECT sum(amount_minor) FROM instalment i WHERE i.plan_id = p.id), 0),
  coalesce((SELECT sum(owed_minor) FROM instalment_document d WHERE d.plan_id = p.id), 0))
FROM instalment_plan p WHERE
  coalesce((SELECT sum(amount_minor) FROM instalment i WHERE i.plan_id = p.id), 0) <>
  coalesce((SELECT sum(owed_minor) FROM instalment_document d WHERE d.plan_id = p.id), 0)
UNION ALL
SELECT printf('IP-%06d and D-%06d in it: one is over, the other not', i.plan_id, i.document_id)
FROM instalment_document i JOIN instalment_plan p ON p.id = i.plan_id
WHERE (p.state = 'open') <> i.open
UNION ALL
SELECT printf('IP-%06d: D-%06d in it is not kept back until the last instalment', i.plan_id, i.document_id)
FROM instalment_document i JOIN document_state s ON s.document_id = i.document_id
WHERE i.open = 1 AND s.promised_on IS NOT (SELECT max(due_on) FROM instalment n WHERE n.plan_id = i.plan_id)
UNION ALL
SELECT printf('AC-%06d: an agency has it, and no claim in it', c.id) FROM agency_case c
WHERE NOT EXISTS (SELECT 1 FROM agency_claim l WHERE l.case_id = c.id)
UNION ALL
SELECT printf('RM-%06d reached nobody, and D-%06d counts it', r.id, d.document_id)
FROM reminder r JOIN reminder_document d ON d.reminder_id = r.id
JOIN document_state s ON s.document_id = d.document_id
WHERE r.state IN ('not_sent','came_back') AND s.reminder_level = d.level AND s.reminded_at = r.made_at
  AND NOT EXISTS (SELECT 1 FROM reminder_document e JOIN reminder q ON q.id = e.reminder_id
    WHERE e.document_id = d.document_id AND e.level = d.level AND q.made_at = r.made_at AND q.state IN ('sending','sent'))";
