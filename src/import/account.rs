//! accounts.csv

use super::field::{Cells, Fault, MAX_TEXT, Slot};
use super::header::columns;
use super::row::FromRow;
use crate::domain::account::{AccountStatus, AccountTerms, DeliveryPreference, LegalTerms};
use crate::domain::e_invoice::{CustomerKind, Form, coded};
use crate::domain::money::Currency;
use crate::domain::speech::Tag;
use crate::domain::term::PaymentTerm;
use chrono::NaiveDate;
use std::borrow::Cow;

columns! {
    /// Columns of accounts.csv.
    AccountColumns {
        account_number = "account_number" Required,
        name = "name" New,
        currency = "currency" New,
        email = "email" Optional,
        batch = "batch" Optional,
        bill_cycle_day = "bill_cycle_day" Optional,
        payment_term = "payment_term" Optional,
        auto_pay = "auto_pay" Optional,
        delivery = "delivery" Optional,
        tax_code = "tax_code" Optional,
        tax_id = "tax_id" Optional,
        address1 = "address1" Optional,
        address2 = "address2" Optional,
        postcode = "postcode" Optional,
        city = "city" Optional,
        region = "region" Optional,
        country = "country" Optional,
        language = "language" Optional,
        po_number = "po_number" Optional,
        status = "status" Optional,
        customer_kind = "customer_kind" Optional,
        register_id = "register_id" Optional,
        electronic_address = "electronic_address" Optional,
        buyer_reference = "buyer_reference" Optional,
        billing_contact = "billing_contact" Optional,
        e_invoice = "e_invoice" Optional,
        tax_id_checked_on = "tax_id_checked_on" Optional,
        tax_id_evidence = "tax_id_evidence" Optional,
        iban = "iban" Optional,
        effective_from = "effective_from" Optional,
    }
}

impl AccountColumns {
    /// The first column that is given of what the law asks; without one, one that is not.
    pub fn legal(&self) -> Slot {
        let all = [
            self.customer_kind,
            self.register_id,
            self.electronic_address,
            self.buyer_reference,
            self.billing_contact,
            self.e_invoice,
            self.tax_id_checked_on,
            self.tax_id_evidence,
            self.iban,
        ];
        all.into_iter().find(|slot| slot.given()).unwrap_or(self.iban)
    }
}

/// Stands in a row whose file leaves the currency out; never stored.
const ANY_CURRENCY: Currency = Currency::PLACEHOLDER;

/// Whether a row of accounts.csv has a delivery preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaysDelivery {
    /// It names one.
    Named,
    /// The column is empty, or left out.
    Nothing,
}

/// One row of accounts.csv; columns left out have their defaults here (see [`overlay`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// The natural key.
    pub account_number: String,
    /// Everything else.
    pub terms: AccountTerms,
    /// Whether the row says how documents reach it; otherwise it is by the default.
    pub says_delivery: SaysDelivery,
    /// First day of these terms, when given.
    pub effective_from: Option<NaiveDate>,
}

impl FromRow for AccountRow {
    type Columns = AccountColumns;
    const KEY_COLUMN: &'static str = "account_number";

    fn key_slots(c: &AccountColumns) -> (Slot, Option<Slot>) {
        (c.account_number, None)
    }

    fn key(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.account_number))
    }

    fn read(c: &AccountColumns, cells: &Cells<'_>) -> Result<Self, Fault> {
        let payment_term = payment_term(c, cells)?;
        let mut terms = AccountTerms {
            name: cells.required_if_given(c.name, MAX_TEXT)?,
            currency: if c.currency.given() { cells.currency(c.currency)? } else { ANY_CURRENCY },
            emails: cells.emails(c.email)?,
            batch: cells.text(c.batch, MAX_TEXT)?,
            bill_cycle_day: cells.whole(c.bill_cycle_day, 1, 31)?.unwrap_or(1),
            payment_term,
            auto_pay: cells.boolean(c.auto_pay)?,
            delivery: cells.word(
                c.delivery,
                DeliveryPreference::parse,
                DeliveryPreference::words,
                Some(DeliveryPreference::None),
            )?,
            tax_code: cells.optional_key(c.tax_code)?,
            tax_id: cells.optional_key(c.tax_id)?,
            address1: cells.text(c.address1, MAX_TEXT)?,
            address2: cells.text(c.address2, MAX_TEXT)?,
            postcode: cells.text(c.postcode, MAX_TEXT)?,
            city: cells.text(c.city, MAX_TEXT)?,
            region: cells.text(c.region, MAX_TEXT)?,
            country: cells.text(c.country, MAX_TEXT)?,
            language: language(c, cells)?,
            po_number: cells.text(c.po_number, MAX_TEXT)?,
            status: cells.word(
                c.status,
                AccountStatus::parse,
                AccountStatus::words,
                Some(AccountStatus::Active),
            )?,
            legal: legal(c, cells)?,
        };
        let says_delivery = if cells.text(c.delivery, MAX_TEXT)?.is_empty() {
            terms.delivery = DeliveryPreference::by_default(&terms);
            SaysDelivery::Nothing
        } else {
            SaysDelivery::Named
        };
        Ok(Self {
            account_number: cells.key(c.account_number)?,
            terms,
            says_delivery,
            effective_from: cells.optional_date(c.effective_from)?,
        })
    }
}

fn legal(c: &AccountColumns, cells: &Cells<'_>) -> Result<LegalTerms, Fault> {
    let word = |slot: Slot| Ok::<_, Fault>(!cells.text(slot, MAX_TEXT)?.is_empty());
    let electronic_address = cells.text(c.electronic_address, MAX_TEXT)?;
    if !electronic_address.is_empty() && coded(&electronic_address).0.is_empty() {
        let hint = "write its scheme before it, such as 9930:DE123456789 or EM:ap@example.org";
        let (name, why) = (c.electronic_address.name, "has no scheme");
        return Err(Fault::new(name, &electronic_address, why, hint));
    }
    Ok(LegalTerms {
        kind: if word(c.customer_kind)? {
            Some(cells.word(c.customer_kind, CustomerKind::parse, CustomerKind::words, None)?)
        } else {
            None
        },
        register_id: cells.optional_key(c.register_id)?,
        electronic_address,
        buyer_reference: cells.text(c.buyer_reference, MAX_TEXT)?,
        billing_contact: cells.text(c.billing_contact, MAX_TEXT)?,
        e_invoice: if word(c.e_invoice)? {
            Some(cells.word(c.e_invoice, Form::parse, Form::words, None)?)
        } else {
            None
        },
        tax_id_checked_on: cells.optional_date(c.tax_id_checked_on)?,
        tax_id_evidence: cells.text(c.tax_id_evidence, MAX_TEXT)?,
        iban: cells.optional_key(c.iban)?,
    })
}

/// What the law asks, after the import: given columns from the row, the others as they were.
fn legal_overlay(c: &AccountColumns, old: &LegalTerms, row: LegalTerms) -> LegalTerms {
    fn pick<T: Clone>(slot: Slot, new: T, old: &T) -> T {
        if slot.given() { new } else { old.clone() }
    }
    LegalTerms {
        kind: pick(c.customer_kind, row.kind, &old.kind),
        register_id: pick(c.register_id, row.register_id, &old.register_id),
        electronic_address: pick(
            c.electronic_address,
            row.electronic_address,
            &old.electronic_address,
        ),
        buyer_reference: pick(c.buyer_reference, row.buyer_reference, &old.buyer_reference),
        billing_contact: pick(c.billing_contact, row.billing_contact, &old.billing_contact),
        e_invoice: pick(c.e_invoice, row.e_invoice, &old.e_invoice),
        tax_id_checked_on: pick(c.tax_id_checked_on, row.tax_id_checked_on, &old.tax_id_checked_on),
        tax_id_evidence: pick(c.tax_id_evidence, row.tax_id_evidence, &old.tax_id_evidence),
        iban: pick(c.iban, row.iban, &old.iban),
    }
}

fn language(c: &AccountColumns, cells: &Cells<'_>) -> Result<String, Fault> {
    let text = cells.text(c.language, MAX_TEXT)?;
    match Tag::parse(&text) {
        Some(tag) => Ok(tag.to_string()),
        None if text.is_empty() => Ok(text),
        None => {
            let hint = format!("use {}; empty: as the book says (issuer.language)", Tag::allowed());
            Err(Fault::new(c.language.name, &text, "is no language of documents", hint))
        }
    }
}

fn payment_term(c: &AccountColumns, cells: &Cells<'_>) -> Result<String, Fault> {
    let text = cells.text(c.payment_term, MAX_TEXT)?;
    if text.is_empty() {
        return Ok("Due Upon Receipt".to_owned());
    }
    PaymentTerm::parse(&text).map_err(|error| {
        let hint = "use Due Upon Receipt, Net N, or Prox cutoff/months/day (day 1 to 31 or EOM)";
        Fault::new(c.payment_term.name, &text, error.to_string(), hint)
    })?;
    Ok(text)
}

/// What the account is after the import: given columns from the row, the others as they were. One
/// that could not be reached at all, and so was delivered to by no way, gets the default when it can.
pub fn overlay(c: &AccountColumns, old: &AccountTerms, row: &AccountRow) -> AccountTerms {
    let says = row.says_delivery;
    let row = row.terms.clone();
    let mut terms = old.clone();
    let set = |given: bool, to: &mut String, from: String| {
        if given {
            *to = from;
        }
    };
    set(c.name.given(), &mut terms.name, row.name);
    set(c.batch.given(), &mut terms.batch, row.batch);
    set(c.payment_term.given(), &mut terms.payment_term, row.payment_term);
    set(c.tax_code.given(), &mut terms.tax_code, row.tax_code);
    set(c.tax_id.given(), &mut terms.tax_id, row.tax_id);
    set(c.address1.given(), &mut terms.address1, row.address1);
    set(c.address2.given(), &mut terms.address2, row.address2);
    set(c.postcode.given(), &mut terms.postcode, row.postcode);
    set(c.city.given(), &mut terms.city, row.city);
    set(c.region.given(), &mut terms.region, row.region);
    set(c.country.given(), &mut terms.country, row.country);
    set(c.language.given(), &mut terms.language, row.language);
    set(c.po_number.given(), &mut terms.po_number, row.po_number);
    terms.legal = legal_overlay(c, &old.legal, row.legal);
    if c.currency.given() {
        terms.currency = row.currency;
    }
    if c.email.given() {
        terms.emails = row.emails;
    }
    if c.bill_cycle_day.given() {
        terms.bill_cycle_day = row.bill_cycle_day;
    }
    if c.auto_pay.given() {
        terms.auto_pay = row.auto_pay;
    }
    if c.status.given() {
        terms.status = row.status;
    }
    let unreached = old.delivery == DeliveryPreference::None
        && DeliveryPreference::by_default(old) == DeliveryPreference::None;
    match says {
        SaysDelivery::Named => terms.delivery = row.delivery,
        SaysDelivery::Nothing if c.delivery.given() || unreached => {
            terms.delivery = DeliveryPreference::by_default(&terms);
        }
        SaysDelivery::Nothing => {}
    }
    terms
}

/// Every column with its text, for saying what an import changes.
pub fn fields(terms: &AccountTerms) -> Vec<(&'static str, String)> {
    vec![
        ("name", terms.name.clone()),
        ("email", terms.emails.join(";")),
        ("batch", terms.batch.clone()),
        ("bill_cycle_day", terms.bill_cycle_day.to_string()),
        ("payment_term", terms.payment_term.clone()),
        ("auto_pay", terms.auto_pay.to_string()),
        ("delivery", terms.delivery.to_string()),
        ("tax_code", terms.tax_code.clone()),
        ("tax_id", terms.tax_id.clone()),
        ("address1", terms.address1.clone()),
        ("address2", terms.address2.clone()),
        ("postcode", terms.postcode.clone()),
        ("city", terms.city.clone()),
        ("region", terms.region.clone()),
        ("country", terms.country.clone()),
        ("language", terms.language.clone()),
        ("po_number", terms.po_number.clone()),
        ("status", terms.status.to_string()),
        ("customer_kind", terms.legal.kind.map(|k| k.to_string()).unwrap_or_default()),
        ("register_id", terms.legal.register_id.clone()),
        ("electronic_address", terms.legal.electronic_address.clone()),
        ("buyer_reference", terms.legal.buyer_reference.clone()),
        ("billing_contact", terms.legal.billing_contact.clone()),
        ("e_invoice", terms.legal.e_invoice.map(|f| f.to_string()).unwrap_or_default()),
        (
            "tax_id_checked_on",
            terms.legal.tax_id_checked_on.map(|d| d.to_string()).unwrap_or_default(),
        ),
        ("tax_id_evidence", terms.legal.tax_id_evidence.clone()),
        ("iban", terms.legal.iban.clone()),
    ]
}
