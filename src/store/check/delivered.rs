//! What was delivered: each copy accounted for, and what networks have.

pub(super) const DELIVERIES: &str = "
SELECT printf('DL-%06d delivers D-%06d, a %s %s', x.id, x.document_id, d.status, d.kind)
FROM delivery x JOIN document d ON d.id = x.document_id WHERE d.status <> 'Posted' OR d.kind = 'write_off'
UNION ALL
SELECT printf('DL-%06d is copy %d without copy 1', x.id, x.copy) FROM delivery x
WHERE x.copy > 1 AND NOT EXISTS (SELECT 1 FROM delivery y WHERE y.document_id = x.document_id
    AND y.channel = x.channel AND y.address = x.address AND y.copy = 1)
UNION ALL
SELECT printf('DL-%06d is %s by %s', id, status, channel) FROM delivery
WHERE (channel = 'print' AND status IN ('Sending', 'Sent', 'Deferred', 'Bounced', 'Unconfirmed'))
   OR (channel <> 'print' AND status IN ('Written', 'Printed'))
UNION ALL
SELECT printf('DL-%06d is %s in no print batch', id, status) FROM delivery
WHERE status IN ('Written', 'Printed') AND batch_id IS NULL
UNION ALL
SELECT printf('DL-%06d is Sent without a Message-ID', id) FROM delivery
WHERE channel = 'email' AND status IN ('Sent', 'Unconfirmed') AND (message_id IS NULL OR message_id = '')
UNION ALL
SELECT printf('%d deliveries of %d documents have the Message-ID %s', count(*), count(DISTINCT document_id), message_id)
FROM delivery WHERE message_id IS NOT NULL
GROUP BY message_id HAVING count(DISTINCT document_id) > 1 OR count(DISTINCT address) < count(*)
UNION ALL
SELECT printf('DL-%06d is %s though DL-%06d took its place', id, status, replaced_by) FROM delivery
WHERE replaced_by IS NOT NULL AND status NOT IN ('Recalled', 'Unconfirmed', 'Sent', 'Printed')";

pub(super) const NETWORK: &str = "
SELECT printf('DL-%06d is %s by network and was never handed over', l.id, l.status) FROM delivery l
WHERE l.channel = 'network' AND l.status IN ('Sending', 'Sent', 'Unconfirmed')
  AND NOT EXISTS (SELECT 1 FROM network_copy n WHERE n.delivery_id = l.id)
UNION ALL
SELECT printf('DL-%06d is %s, at the network %s', l.id, l.status, n.state)
FROM network_copy n JOIN delivery l ON l.id = n.delivery_id
WHERE l.channel <> 'network'
   OR (l.status = 'Sent') <> (n.state IN ('handed_over', 'accepted', 'delivered', 'paid'))
   OR (l.status NOT IN ('Bounced', 'Recalled') AND n.state = 'refused')
UNION ALL
SELECT printf('DL-%06d is %s at the network, and no receipt says so', n.delivery_id, n.state)
FROM network_copy n WHERE n.state IN ('accepted', 'delivered', 'paid') AND NOT EXISTS (
  SELECT 1 FROM network_receipt r WHERE r.delivery_id = n.delivery_id AND r.effect = 'moved' AND r.said = n.state)
UNION ALL
SELECT printf('DL-%06d was handed to the network as XML that is not kept', l.id)
FROM network_copy n JOIN delivery l ON l.id = n.delivery_id
WHERE NOT EXISTS (SELECT 1 FROM e_document e WHERE e.document_id = l.document_id AND lower(hex(e.hash)) = l.message_hash)
  AND NOT EXISTS (SELECT 1 FROM e_document_version v
    WHERE v.document_id = l.document_id AND lower(hex(v.hash)) = l.message_hash)
UNION ALL
SELECT printf('DL-%06d and DL-%06d are both with the network', a.id, b.id)
FROM network_copy n JOIN delivery a ON a.id = n.delivery_id AND a.status = 'Sent' AND a.replaced_by IS NULL
JOIN delivery b ON b.document_id = a.document_id AND b.id > a.id AND b.channel = 'network' AND b.status = 'Sent'";
