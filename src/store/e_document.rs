//! The XML of electronic invoices that went out, as they went out.

use super::{Db, StoreError, Tx, word};
use crate::domain::e_invoice::Form;
use crate::domain::ids::DocumentId;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};

/// What went out of a document last: its form and the XML; none where nothing did.
pub fn sent(db: &Db<'_>, id: DocumentId) -> Result<Option<(Form, Vec<u8>)>, StoreError> {
    Ok(versions(db, id)?.pop())
}

/// All that went out of a document, the first first: later ones differ by the electronic address they go to.
pub fn versions(db: &Db<'_>, id: DocumentId) -> Result<Vec<(Form, Vec<u8>)>, StoreError> {
    let sql = "SELECT form, xml, hash, 1 AS version FROM e_document WHERE document_id = ?1
         UNION ALL SELECT form, xml, hash, version FROM e_document_version WHERE document_id = ?1
         ORDER BY version";
    db.all(sql, [id.0], |r| {
        let (packed, hash): (Vec<u8>, Vec<u8>) = (r.get(1)?, r.get(2)?);
        let mut xml = Vec::new();
        let broken = |why: &str| StoreError::Corrupt(format!("e_document of {id} {why}"));
        ZlibDecoder::new(&packed[..])
            .read_to_end(&mut xml)
            .map_err(|_| broken("cannot be unpacked"))?;
        if Sha256::digest(&xml)[..] != hash[..] {
            return Err(broken("is not what went out"));
        }
        Ok((word(r, 0, Form::parse)?, xml))
    })
}

/// Keeps what goes out; what went out before stays.
pub fn keep(
    tx: &Tx<'_>,
    id: DocumentId,
    (form, rules): (Form, &str),
    xml: &[u8],
) -> Result<(), StoreError> {
    if tx.any("SELECT 1 FROM e_document WHERE document_id = ?1", [id.0])? {
        return Ok(());
    }
    tx.run(
        "INSERT INTO e_document (document_id, form, rules, hash, xml, made_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (id.0, form.as_str(), rules, hash(xml), packed(xml)?, tx.now().at_ms),
    )?;
    Ok(())
}

/// Keeps what goes out to another electronic address than before, beside what went out so far.
pub fn keep_version(
    tx: &Tx<'_>,
    id: DocumentId,
    (form, rules): (Form, &str),
    xml: &[u8],
) -> Result<(), StoreError> {
    let known = "SELECT 1 FROM e_document WHERE document_id = ?1 AND hash = ?2
         UNION ALL SELECT 1 FROM e_document_version WHERE document_id = ?1 AND hash = ?2";
    if !tx.any("SELECT 1 FROM e_document WHERE document_id = ?1", [id.0])? {
        return keep(tx, id, (form, rules), xml);
    }
    if tx.any(known, (id.0, hash(xml)))? {
        return Ok(());
    }
    tx.run(
        "INSERT INTO e_document_version (document_id, version, form, rules, hash, xml, made_at)
         SELECT ?1, 1 + coalesce((SELECT max(version) FROM e_document_version WHERE document_id = ?1), 1),
           ?2, ?3, ?4, ?5, ?6",
        (id.0, form.as_str(), rules, hash(xml), packed(xml)?, tx.now().at_ms),
    )?;
    Ok(())
}

fn hash(xml: &[u8]) -> Vec<u8> {
    Sha256::digest(xml).to_vec()
}

fn packed(xml: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::new(6));
    let packed = packed.write_all(xml).and_then(|()| packed.finish());
    packed.map_err(|e| StoreError::Corrupt(e.to_string()))
}
