//! The electronic form of documents: whether one has it, what it says beside what is printed, and the XML.

use super::{Error, printed};
use crate::config::{Config, key};
use crate::document::einvoice::{self, Bill, Facts, FactsLine, Problem};
use crate::document::{Customer, Printable, batch};
use crate::domain::account::AccountTerms;
use crate::domain::document::{DocumentKind, DocumentStatus, DocumentTax, Flag, FlagCode};
use crate::domain::e_invoice::Form;
use crate::domain::frozen::{Frozen, Legal, Paying, Seller};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::money::Money;
use crate::domain::payment::{MethodKind, MethodStatus};
use crate::domain::regime::{self, Verdict};
use crate::store::document::{DocumentRow, ItemRow};
use crate::store::json::Json;
use crate::store::{Db, StoreError, account, document, e_document, method_state, settings, tax};
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// In which form the documents of an account go: its own, else that of the book.
pub fn form(config: &Config, terms: &AccountTerms) -> Form {
    let of_book = || Form::parse(config.get(key::E_INVOICE_FORM)).unwrap_or(Form::None);
    terms.legal.e_invoice.unwrap_or_else(of_book)
}

/// The issuer as electronic invoices name it.
fn seller(config: &Config) -> Seller {
    let said = |of| config.get(of).trim().to_owned();
    Seller {
        tax_id: said(key::ISSUER_TAX_ID),
        tax_number: said(key::ISSUER_TAX_NUMBER),
        register_id: said(key::ISSUER_REGISTER_ID),
        electronic_address: said(key::ISSUER_ELECTRONIC_ADDRESS),
        street: said(key::ISSUER_STREET),
        postcode: said(key::ISSUER_POSTCODE),
        city: said(key::ISSUER_CITY),
        country: said(key::ISSUER_COUNTRY),
        contact: said(key::ISSUER_CONTACT),
        phone: said(key::ISSUER_PHONE),
        email: said(key::ISSUER_EMAIL),
        iban: said(key::ISSUER_IBAN),
        bic: said(key::ISSUER_BIC),
        creditor_id: said(key::ISSUER_CREDITOR_ID),
    }
}

/// The units that the book has its own codes for (`e_invoice.units`): `fax page=C62; desk=XDK`.
fn units(config: &Config) -> Vec<(String, String)> {
    let pairs = config.get(key::E_INVOICE_UNITS).split(';').filter_map(|one| one.split_once('='));
    pairs.map(|(uom, code)| (uom.trim().to_owned(), code.trim().to_owned())).collect()
}

/// A line as far as its tax goes: the code, and the last day served.
struct Line<'a> {
    tax_code: &'a str,
    service_to: Option<NaiveDate>,
}

/// Whose document it is.
#[derive(Clone, Copy)]
pub struct Whose<'a> {
    pub account: AccountId,
    pub terms: &'a AccountTerms,
}

/// What the electronic form of a document says beside what is printed; none where it has none.
fn legal_of(
    db: &Db<'_>,
    config: &Config,
    of: Whose<'_>,
    (kind, invoice_on): (DocumentKind, NaiveDate),
    (taxes, lines): (&[DocumentTax], &[Line<'_>]),
) -> Result<Option<Legal>, StoreError> {
    let form = form(config, of.terms);
    if form == Form::None || kind == DocumentKind::WriteOff {
        return Ok(None);
    }
    let table = tax::all(db)?;
    let category = |one: &DocumentTax| {
        let rate = table.iter().filter(|rate| one.is_of(rate)).find_map(|rate| rate.category);
        Some((one.tax_code.clone(), rate?))
    };
    let rate = |line: &Line<'_>| {
        let several = taxes.iter().filter(|tax| tax.tax_code == line.tax_code).count() > 1;
        let day = line.service_to.unwrap_or(invoice_on);
        let of_day = crate::domain::tax::rate_on(&table, line.tax_code, day).ok();
        of_day.filter(|_| several).map(|rate| rate.rate_percent)
    };
    let rates: Vec<Option<Decimal>> = lines.iter().map(rate).collect();
    let mut legal = Legal {
        form,
        seller: seller(config),
        categories: taxes.iter().filter_map(category).collect(),
        units: units(config),
        rates: if rates.iter().all(Option::is_none) { Vec::new() } else { rates },
        paying: Paying::Transfer,
        mandate: String::new(),
        debited: String::new(),
    };
    if kind.is_receivable() && of.terms.auto_pay {
        let methods = method_state::plain_of_account(db, of.account)?;
        if let Some(first) = methods.into_iter().find(|m| m.state.status == MethodStatus::Active) {
            (legal.paying, legal.debited) = match first.kind {
                MethodKind::Card => (Paying::Card, first.display),
                MethodKind::Sepa => (Paying::Debit, first.iban),
                MethodKind::Ach => (Paying::Unsaid, String::new()),
            };
            legal.mandate = first.mandate;
        }
    }
    Ok(Some(legal))
}

/// The same of a document in the book.
pub fn legal(
    db: &Db<'_>,
    row: &DocumentRow,
    config: &Config,
    terms: &AccountTerms,
) -> Result<Option<Legal>, StoreError> {
    if form(config, terms) == Form::None {
        return Ok(None);
    }
    let (taxes, items) = (document::taxes(db, row.id)?, document::items(db, row.id)?);
    let line = |item: &ItemRow| (item.tax_code.clone(), item.service_to);
    let owned: Vec<(String, Option<NaiveDate>)> = items.iter().map(line).collect();
    let lines: Vec<Line<'_>> = owned
        .iter()
        .map(|(tax_code, service_to)| Line { tax_code, service_to: *service_to })
        .collect();
    let of = Whose { account: row.account, terms };
    legal_of(db, config, of, (row.kind, row.invoice_on), (&taxes, &lines))
}

/// A draft that is not in the book yet, or not as it is: what is printed, and the tax code of each line.
pub struct Sketch {
    pub printable: Printable,
    pub tax_codes: Vec<String>,
}

/// What is said of a draft by the law, and of its electronic form: known long before it has a number.
pub fn flags(
    db: &Db<'_>,
    config: &Config,
    of: Whose<'_>,
    sketch: impl FnOnce() -> Sketch,
) -> Result<Vec<Flag>, StoreError> {
    if form(config, of.terms) == Form::None && config.get(key::ISSUER_COUNTRY).is_empty() {
        return Ok(Vec::new());
    }
    let Sketch { printable, tax_codes } = sketch();
    let total = printable.currency.amount(printable.total_minor);
    let mut found = Vec::new();
    if let Some(verdict) = law(config, of.terms, (printable.kind, printable.invoice_date, total)) {
        let code = if verdict.stops { FlagCode::EInvoice } else { FlagCode::Law };
        found.push(Flag { code, reason: verdict.words });
    }
    let lines: Vec<Line<'_>> = printable
        .lines
        .iter()
        .zip(&tax_codes)
        .map(|(line, tax_code)| Line { tax_code, service_to: line.service.map(|s| s.1) })
        .collect();
    let head = (printable.kind, printable.invoice_date);
    let Some(legal) = legal_of(db, config, of, head, (&printable.taxes, &lines))? else {
        return Ok(found);
    };
    let printable = Printable {
        number: "0".to_owned(),
        term: of.terms.payment_term.clone(),
        issuer: crate::document::issuer(config),
        customer: Customer::of(of.terms),
        ..printable
    };
    let line = |(at, tax_code): (usize, &String)| FactsLine {
        tax_code: tax_code.clone(),
        rate: legal.rates.get(at).copied().flatten(),
    };
    let lines: Vec<FactsLine> = tax_codes.iter().enumerate().map(line).collect();
    let bill = einvoice::bill(Facts { document: &printable, legal: &legal, lines: &lines });
    if let Some(reason) = refused(&einvoice::problems(&bill)) {
        found.retain(|flag| flag.code != FlagCode::EInvoice);
        found.push(Flag { code: FlagCode::EInvoice, reason });
    }
    Ok(found)
}

/// What the law says of a document in the form of its account; a verdict stops only where the book wants
/// that (`regime.enforce`).
pub fn law(
    config: &Config,
    terms: &AccountTerms,
    (kind, on, total): (DocumentKind, NaiveDate, Money),
) -> Option<Verdict> {
    if kind == DocumentKind::WriteOff {
        return None;
    }
    let customer = crate::document::country_code(&terms.country);
    let case = regime::Case {
        issuer: config.get(key::ISSUER_COUNTRY),
        customer: &customer,
        kind: terms.legal.kind,
        has_tax_id: !terms.tax_id.trim().is_empty(),
        on,
        total,
        turnover: config.decimal(key::ISSUER_TURNOVER),
    };
    let verdict = regime::verdict(&case, form(config, terms))?;
    let stops = verdict.stops && config.get(key::REGIME_ENFORCE) == "block";
    Some(Verdict { stops, ..verdict })
}

/// The bill that a document makes, with what is frozen of it or would be; none where it has no electronic
/// form.
pub fn bill(
    db: &Db<'_>,
    id: DocumentId,
    printable: &Printable,
    legal: Option<&Legal>,
) -> Result<Option<Bill>, StoreError> {
    let Some(legal) = legal else { return Ok(None) };
    let line = |(at, item): (usize, ItemRow)| FactsLine {
        tax_code: item.tax_code,
        rate: legal.rates.get(at).copied().flatten(),
    };
    let lines: Vec<FactsLine> =
        document::items(db, id)?.into_iter().enumerate().map(line).collect();
    Ok(Some(einvoice::bill(Facts { document: printable, legal, lines: &lines })))
}

/// What keeps a draft from being posted with its electronic form, as it would be frozen now.
pub fn problems(
    db: &Db<'_>,
    row: &DocumentRow,
    taxes: &[DocumentTax],
    frozen: &Frozen,
) -> Result<Vec<Problem>, Error> {
    if frozen.legal.is_none() {
        return Ok(Vec::new());
    }
    let printable = printed::unposted(db, row.clone(), taxes.to_vec(), frozen.clone())?;
    let bill = bill(db, row.id, &printable, frozen.legal.as_ref())?;
    Ok(bill.as_ref().map(einvoice::problems).unwrap_or_default())
}

/// In words what keeps a draft from being posted, and what to do: the first, and how many more.
pub fn refused(problems: &[Problem]) -> Option<String> {
    let first = problems.first()?;
    let more = match problems.len() - 1 {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    Some(format!("no e-invoice can be made of it: {first}{more}"))
}

/// The electronic form of a document, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub form: Form,
    /// What its file is called.
    pub file: String,
    pub xml: Vec<u8>,
    /// Of a draft, as it would be posted now.
    pub problems: Vec<Problem>,
}

/// Writes the XML of a document: of a posted one what was frozen, of a draft what would be.
pub fn write(db: &Db<'_>, id: DocumentId) -> Result<Written, Error> {
    let row = document::get(db, id)?;
    let (printable, legal) = match row.status {
        DocumentStatus::Posted => {
            let frozen = row.frozen.as_ref().map(Json::read).transpose()?;
            (printed::printable(db, id)?, frozen.and_then(|frozen: Frozen| frozen.legal))
        }
        DocumentStatus::Draft => {
            let config = settings::load(db)?;
            let terms = account::version_terms(db, row.account_version)?;
            let legal = legal(db, &row, &config, &terms)?;
            let frozen = Frozen { legal: legal.clone(), ..Frozen::of(&config, &terms) };
            let taxes = document::taxes(db, id)?;
            (printed::unposted(db, row.clone(), taxes, frozen)?, legal)
        }
        DocumentStatus::Canceled => {
            return Err(Error::usage("not_posted", format!("{id} is canceled"), ""));
        }
    };
    let Some(bill) = bill(db, id, &printable, legal.as_ref())? else {
        let message = format!("{id} has no electronic form");
        let hint =
            "e_invoice of its account (accounts.csv), or daybook settings set e_invoice.form";
        return Err(Error::usage("no_e_invoice", message, hint));
    };
    let problems = match row.status {
        DocumentStatus::Draft => einvoice::problems(&bill),
        DocumentStatus::Posted | DocumentStatus::Canceled => Vec::new(),
    };
    let name = row.number.unwrap_or_else(|| id.to_string());
    let file = format!("{}.xml", batch::stem(&name));
    Ok(Written { form: bill.form, file, xml: einvoice::write(&bill), problems })
}

/// The electronic form of a posted document that goes out: what went out before, else what was frozen; none
/// where it has none.
pub fn outgoing(db: &Db<'_>, id: DocumentId) -> Result<Option<(Form, Vec<u8>)>, Error> {
    if let Some(sent) = e_document::sent(db, id)? {
        return Ok(Some(sent));
    }
    let row = document::get(db, id)?;
    let frozen = row.frozen.as_ref().map(Json::read).transpose()?;
    let Some(legal) = frozen.and_then(|frozen: Frozen| frozen.legal) else { return Ok(None) };
    let bill = bill(db, id, &printed::printable(db, id)?, Some(&legal))?;
    Ok(bill.map(|bill| (bill.form, einvoice::write(&bill))))
}
