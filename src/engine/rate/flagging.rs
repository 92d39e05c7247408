//! Flags for a new draft: gathers what the rules of `domain::flags` compare with.

use crate::config::{Config, Setting, key};
use crate::document::{Customer, Line, Press, Printable};
use crate::domain::account::AccountTerms;
use crate::domain::billing::{AccountInput, DraftDocument, DraftItem};
use crate::domain::document::{DocumentTax, Flag, FlagCode};
use crate::domain::explain::{Derivation, How};
pub use crate::domain::flags::Thresholds;
use crate::domain::flags::{self, Surroundings, of_draft};
use crate::domain::ids::DocumentId;
use crate::domain::money::Currency;
use crate::engine::e_invoice::{self, LineTax, Sketch, Whose};
use crate::engine::printed;
use crate::store::{Db, StoreError, payment_method};

impl Thresholds {
    /// Reads the settings `flags.*`; what is not set keeps its default.
    pub fn read(config: &Config) -> Self {
        let usual = Self::default();
        let decimal = |key: &Setting, default| config.decimal(key).unwrap_or(default);
        Self {
            total_high: decimal(key::FLAGS_TOTAL_HIGH, usual.total_high),
            total_low: decimal(key::FLAGS_TOTAL_LOW, usual.total_low),
            recurring_changed: decimal(key::FLAGS_RECURRING_CHANGED, usual.recurring_changed),
            usage_changed: decimal(key::FLAGS_USAGE_CHANGED, usual.usage_changed),
            back_billing: usize::try_from(config.int(key::FLAGS_BACK_BILLING))
                .unwrap_or(usual.back_billing),
        }
    }
}

/// What drafts of a book are judged by.
pub struct Judge {
    thresholds: Thresholds,
    config: Config,
}

impl Judge {
    /// By the settings.
    pub fn read(config: &Config) -> Self {
        Self { thresholds: Thresholds::read(config), config: config.clone() }
    }
}

/// The flags of a draft and its place in the review order, worst highest. `of` is the draft where it is
/// judged again; none: it is new.
pub fn flags(
    db: &Db<'_>,
    judge: &Judge,
    (input, of): (&AccountInput, Option<DocumentId>),
    terms: &AccountTerms,
    draft: &DraftDocument,
) -> Result<(Vec<Flag>, i64), StoreError> {
    // Only accounts that pay automatically need a method, so only they cost a look.
    let has_method = !terms.auto_pay || payment_method::has_usable(db, input.id, draft.due_on)?;
    let (mut flags, mut risk) =
        of_draft(draft, &Surroundings { input, terms, has_method, of }, &judge.thresholds);
    let texts = Texts {
        terms,
        lines: draft.items.iter().map(|i| (i.description.as_str(), unit(&i.derivation))).collect(),
        taxes: &draft.taxes,
        po_number: &draft.po_number,
        note: "",
    };
    let whose = Whose { account: input.id, terms };
    let of_law = e_invoice::flags(db, &judge.config, whose, || sketch(draft, input.currency))?;
    let found: Vec<Flag> = unprintable(&texts)?.into_iter().chain(of_law).collect();
    if !found.is_empty() {
        flags.extend(found);
        risk = flags::risk(&flags, draft.total_minor);
    }
    Ok((flags, risk))
}

/// A draft that was rated, as it would be printed.
fn sketch(draft: &DraftDocument, currency: Currency) -> Sketch {
    let line = |item: &DraftItem| Line {
        description: item.description.clone(),
        detail: String::new(),
        service: Some((item.service_from, item.service_to)),
        quantity: Some(item.quantity),
        uom: unit(&item.derivation).to_owned(),
        unit_price: Some(item.unit_price),
        amount_minor: item.amount_minor,
    };
    Sketch {
        printable: Printable {
            kind: draft.kind,
            invoice_date: draft.invoice_on,
            due_date: draft.kind.is_receivable().then_some(draft.due_on),
            po_number: draft.po_number.clone(),
            lines: draft.items.iter().map(line).collect(),
            taxes: draft.taxes.clone(),
            subtotal_minor: draft.subtotal_minor,
            total_minor: draft.total_minor,
            ..Printable::blank(currency)
        },
        taxed: draft.items.iter().map(taxed).collect(),
        corrects: None,
    }
}

fn taxed(item: &DraftItem) -> LineTax {
    LineTax {
        code: item.tax_code.clone(),
        rate: item.derivation.tax.as_ref().map(|tax| tax.rate_percent),
        service_to: Some(item.service_to),
    }
}

/// What a draft prints that its account, its lines or a clerk says.
pub struct Texts<'a> {
    /// The account's terms that it is posted with.
    pub terms: &'a AccountTerms,
    /// Description and unit of each line.
    pub lines: Vec<(&'a str, &'a str)>,
    pub taxes: &'a [DocumentTax],
    /// The order number.
    pub po_number: &'a str,
    pub note: &'a str,
}

/// The unit that is printed beside a quantity.
pub fn unit(derivation: &Derivation) -> &str {
    match &derivation.how {
        How::Rated(rated) => &rated.uom,
        How::ByHand | How::Credit(_) | How::Percent(_) | How::Fixed(_) => "",
    }
}

/// The flag of a draft that could not be printed: known long before it has a number.
pub fn unprintable(texts: &Texts<'_>) -> Result<Option<Flag>, StoreError> {
    let press = Press::open().map_err(|e| StoreError::Corrupt(e.to_string()))?;
    let line = |(description, uom): &(&str, &str)| Line {
        description: (*description).to_owned(),
        detail: String::new(),
        service: None,
        quantity: None,
        uom: (*uom).to_owned(),
        unit_price: None,
        amount_minor: 0,
    };
    let document = Printable {
        customer: Customer::of(texts.terms),
        term: texts.terms.payment_term.clone(),
        po_number: texts.po_number.to_owned(),
        note: texts.note.to_owned(),
        taxes: texts.taxes.to_vec(),
        lines: texts.lines.iter().map(line).collect(),
        ..Printable::blank(texts.terms.currency)
    };
    let why = press.fits(&document).err();
    Ok(why.map(|why| Flag { code: FlagCode::Unprintable, reason: printed::unprintable(&why) }))
}
