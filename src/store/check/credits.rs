//! What lowers an invoice besides money: each a posted document of this book, or one that somebody
//! loaded and answers for.

/// Credits that nothing stands behind.
pub const DOCUMENTED: &str = "
SELECT printf('D-%06d (%s) was settled by %d before it came, and is of this book', id, number, settled_before_minor)
FROM document WHERE settled_before_minor <> 0 AND source <> 'open_item'
UNION ALL
SELECT printf('D-%06d (%s) is lowered by D-%06d, a %s %s', d.id, d.number, c.id, c.status, c.kind)
FROM credit_application x JOIN document c ON c.id = x.credit_id JOIN document d ON d.id = x.document_id
WHERE x.undone_at IS NULL
  AND (c.status <> 'Posted' OR c.kind NOT IN ('credit_memo', 'write_off') OR c.total_minor >= 0
    OR d.status <> 'Posted' OR (d.kind NOT IN ('invoice', 'debit_memo') AND d.total_minor < 0)
    OR c.account_id <> d.account_id OR c.currency <> d.currency)
UNION ALL
SELECT printf('D-%06d (%s) corrects nothing', id, number)
FROM document WHERE source IN ('adjust', 'reverse', 'write_off', 'void') AND corrects_id IS NULL
UNION ALL
SELECT printf('D-%06d (%s) is a credit of another system that no import brought', d.id, d.number)
FROM document d JOIN deed_start s ON d.id > s.document_id
WHERE d.source = 'open_item' AND d.kind = 'credit_memo'
  AND d.id NOT IN (SELECT to_document_id FROM carried WHERE to_document_id IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM deed x JOIN operation o ON o.seq = x.op_seq
      WHERE x.document_id = d.id AND x.kind = 'credit memo' AND o.verb LIKE 'import%')";
