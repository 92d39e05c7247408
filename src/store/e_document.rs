//! The XML of electronic invoices that went out, as they went out.

use super::{Db, StoreError, Tx, word};
use crate::domain::e_invoice::Form;
use crate::domain::ids::DocumentId;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};

/// What went out of a document: its form and the XML; none where nothing did.
pub fn sent(db: &Db<'_>, id: DocumentId) -> Result<Option<(Form, Vec<u8>)>, StoreError> {
    let sql = "SELECT form, xml, hash FROM e_document WHERE document_id = ?1";
    db.opt(sql, [id.0], |r| {
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
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::new(6));
    let packed = packed.write_all(xml).and_then(|()| packed.finish());
    let packed = packed.map_err(|e| StoreError::Corrupt(e.to_string()))?;
    tx.run(
        "INSERT INTO e_document (document_id, form, rules, hash, xml, made_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (id.0, form.as_str(), rules, Sha256::digest(xml).to_vec(), packed, tx.now().at_ms),
    )?;
    Ok(())
}
