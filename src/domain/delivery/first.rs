//! The copy of a document that left first: the layout that drew it and its bytes, and what a later
//! copy says beside it.

use crate::domain::payment::{Channel, DeliveryStatus};
use crate::zone::Zone;
use chrono::{DateTime, NaiveDate};

/// What tells one file of a document from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imprint {
    /// The layout that drew it.
    pub layout: u32,
    /// SHA-256 of the PDF, hexadecimal.
    pub pdf_hash: String,
}

/// What is known of the copy that left first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstCopy {
    /// No copy is out.
    NotOut,
    /// One is, of a time when its layout was not kept.
    NotKept,
    /// One is.
    Kept(Out),
}

/// The first copy that is out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Out {
    /// Its layout and bytes.
    pub imprint: Imprint,
    /// By which way.
    pub channel: Channel,
    /// Where that delivery stands now: one that is neither Sent nor Printed may not have arrived.
    pub status: DeliveryStatus,
    /// UTC milliseconds.
    pub out_at: i64,
}

impl Out {
    /// The civil day in the book's zone.
    pub fn on(&self, zone: Zone) -> NaiveDate {
        let at = DateTime::from_timestamp_millis(self.out_at).unwrap_or_default();
        at.with_timezone(&zone).date_naive()
    }

    fn said(&self, zone: Zone) -> String {
        let verb = match self.status {
            DeliveryStatus::Sent | DeliveryStatus::Printed => "delivered",
            _ => "perhaps delivered",
        };
        format!("{verb} with layout {} on {}", self.imprint.layout, self.on(zone))
    }
}

impl FirstCopy {
    /// In words for who looks at the document, where `layout` draws the copies of today; none when
    /// no copy is out.
    pub fn said(&self, layout: u32, zone: Zone) -> Option<String> {
        match self {
            Self::NotOut => None,
            Self::NotKept => {
                Some("layout and bytes of the first copy delivered: not kept".to_owned())
            }
            Self::Kept(out) if out.imprint.layout == layout => Some(out.said(zone)),
            Self::Kept(out) => {
                Some(format!("{}; a copy made now is made with layout {layout}", out.said(zone)))
            }
        }
    }

    /// What a copy says of itself beside the first one; none when it is the same, or the first.
    pub fn beside(&self, copy: &Imprint, zone: Zone) -> Option<String> {
        match self {
            Self::NotOut => None,
            Self::NotKept => self.said(copy.layout, zone),
            Self::Kept(out) if out.imprint.pdf_hash == copy.pdf_hash => None,
            Self::Kept(out) if out.imprint.layout == copy.layout => Some(format!(
                "{}; this copy is made with the same layout, but its bytes are others (SHA-256 {}, \
                 not {})",
                out.said(zone),
                copy.pdf_hash,
                out.imprint.pdf_hash
            )),
            Self::Kept(out) => {
                Some(format!("{}; this copy is made with layout {}", out.said(zone), copy.layout))
            }
        }
    }

    /// Whether a copy drawn by `layout` looks other than the one that left first.
    pub fn is_of_another(&self, layout: u32) -> bool {
        matches!(self, Self::Kept(out) if out.imprint.layout != layout)
    }
}
