//! The electronic form of documents: whether one has it, what it says beside what is printed, and the XML.

use super::{Error, fx, printed, speech};
use crate::config::{Config, key};
use crate::document::einvoice::{self, Bill, Facts, FactsLine, Problem};
use crate::document::{Customer, Key, Printable, Tongue, batch};
use crate::domain::account::AccountTerms;
use crate::domain::document::{DocumentKind, DocumentStatus, DocumentTax, Flag, FlagCode};
use crate::domain::e_invoice::{Category, Form, is_country};
use crate::domain::frozen::{Frozen, Legal, Paying, Seller};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::money::Money;
use crate::domain::payment::MethodKind;
use crate::domain::payment_method::{MethodState, default_of, first_usable};
use crate::domain::payment_reference::{PayTo, Reference};
use crate::domain::regime::{self, Verdict};
use crate::store::document::{DocumentRow, ItemRow};
use crate::store::json::Json;
use crate::store::method_state::MethodRow;
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

/// A line as far as its tax goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineTax {
    /// Empty = no tax.
    pub code: String,
    /// The rate it was taxed by, percent, where that is kept.
    pub rate: Option<Decimal>,
    /// The last day served.
    pub service_to: Option<NaiveDate>,
}

/// What a document is, as far as its payment and its law go.
#[derive(Debug, Clone, Copy)]
struct Head {
    kind: DocumentKind,
    invoice_on: NaiveDate,
    due_on: NaiveDate,
    corrects: Option<DocumentId>,
}

/// The method that a payment run will charge for what is due on a day, by the rules of today; none where
/// nothing can be charged: the customer pays then.
pub fn charged(
    db: &Db<'_>,
    config: &Config,
    account: AccountId,
    due_on: NaiveDate,
) -> Result<Option<MethodRow>, StoreError> {
    let methods = method_state::plain_of_account(db, account)?;
    let most = u32::try_from(config.int(key::RETRY_MAX_FAILURES)).unwrap_or(u32::MAX);
    let states: Vec<MethodState> = methods.iter().map(|m| m.state.clone()).collect();
    let usable = |state: &&MethodState| state.unusable(due_on, most).is_none();
    let first = if config.is(key::RETRY_FALLBACK) {
        first_usable(&states, due_on, most)
    } else {
        default_of(&states).filter(usable)
    };
    let first = first.map(|state| state.id);
    Ok(methods.into_iter().find(|m| Some(m.state.id) == first))
}

/// Whose document it is.
#[derive(Clone, Copy)]
pub struct Whose<'a> {
    pub account: AccountId,
    pub terms: &'a AccountTerms,
}

/// What is printed of a method that will be charged: of a debit the mandate and who debits too, which tells the
/// customer of it beforehand.
pub fn named(method: &MethodRow, config: &Config, tongue: &Tongue) -> String {
    let creditor = config.get(key::ISSUER_CREDITOR_ID);
    if method.kind != MethodKind::Sepa || method.mandate.is_empty() || creditor.is_empty() {
        return method.display.clone();
    }
    tongue.fill(Key::Mandate, &[&method.display, &method.mandate, creditor])
}

/// Where customers pay; none while `issuer.iban` is not set.
pub fn pay_to(config: &Config) -> Option<PayTo> {
    let plain = |of| config.get(of).chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let iban = plain(key::ISSUER_IBAN);
    (!iban.is_empty()).then(|| PayTo {
        iban,
        bic: plain(key::ISSUER_BIC),
        reference: Reference::parse(config.get(key::ISSUER_REFERENCE)).unwrap_or(Reference::Rf),
        code: config.is(key::ISSUER_CODE),
    })
}

/// What the electronic form of a document says beside what is printed; none where it has none.
fn legal_of(
    db: &Db<'_>,
    config: &Config,
    of: Whose<'_>,
    head: Head,
    (taxes, lines): (&[DocumentTax], &[LineTax]),
) -> Result<Option<Legal>, StoreError> {
    let form = form(config, of.terms);
    if form == Form::None || head.kind == DocumentKind::WriteOff {
        return Ok(None);
    }
    let table = tax::all(db)?;
    let corrected = head.corrects.map(|id| categories(db, id)).transpose()?.unwrap_or_default();
    let category = |one: &DocumentTax| {
        // What corrects is of the kind that was corrected, whatever the table says by now.
        let before = corrected.iter().find(|(code, _)| *code == one.tax_code);
        let rate = || table.iter().filter(|rate| one.is_of(rate)).find_map(|rate| rate.category);
        Some((one.tax_code.clone(), before.map(|(_, category)| *category).or_else(rate)?))
    };
    let rate = |line: &LineTax| {
        let several = taxes.iter().filter(|tax| tax.tax_code == line.code).count() > 1;
        let day = line.service_to.unwrap_or(head.invoice_on);
        let of_day = || crate::domain::tax::rate_on(&table, &line.code, day).ok();
        let of_day = || of_day().map(|rate| rate.rate_percent);
        line.rate.or_else(of_day).filter(|_| several)
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
        home: None,
    };
    if head.kind.is_receivable()
        && of.terms.auto_pay
        && let Some(first) = charged(db, config, of.account, head.due_on)?
    {
        (legal.paying, legal.debited) = match first.kind {
            MethodKind::Card => (Paying::Card, first.display),
            MethodKind::Sepa => (Paying::Debit, first.iban),
            MethodKind::Ach => (Paying::Unsaid, String::new()),
        };
        legal.mandate = first.mandate;
    }
    Ok(Some(legal))
}

/// What kinds of tax a posted document said.
fn categories(db: &Db<'_>, id: DocumentId) -> Result<Vec<(String, Category)>, StoreError> {
    let frozen = document::get(db, id)?.frozen.as_ref().map(Json::read).transpose()?;
    let legal = frozen.and_then(|frozen: Frozen| frozen.legal);
    Ok(legal.map(|legal| legal.categories).unwrap_or_default())
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
    let lines = items.iter().map(taxed).collect::<Result<Vec<_>, _>>()?;
    let of = Whose { account: row.account, terms };
    let head = Head {
        kind: row.kind,
        invoice_on: row.invoice_on,
        due_on: row.due_on,
        corrects: row.corrects,
    };
    legal_of(db, config, of, head, (&taxes, &lines))
}

fn taxed(item: &ItemRow) -> Result<LineTax, StoreError> {
    let kept = item.derivation.kept()?.and_then(|derivation| derivation.tax);
    Ok(LineTax {
        code: item.tax_code.clone(),
        rate: kept.map(|tax| tax.rate_percent),
        service_to: item.service_to,
    })
}

/// A draft that is not in the book yet, or not as it is: what is printed, and the tax of each line.
pub struct Sketch {
    pub printable: Printable,
    pub taxed: Vec<LineTax>,
    /// What it corrects.
    pub corrects: Option<DocumentId>,
}

/// What is said of a draft by the law, and of its electronic form: known long before it has a number.
pub fn flags(
    db: &Db<'_>,
    config: &Config,
    of: Whose<'_>,
    sketch: impl FnOnce() -> Sketch,
) -> Result<Vec<Flag>, StoreError> {
    let mut found: Vec<Flag> = unreached(config, of.terms).into_iter().collect();
    if form(config, of.terms) == Form::None && config.get(key::ISSUER_COUNTRY).is_empty() {
        return Ok(found);
    }
    let Sketch { printable, taxed, corrects } = sketch();
    let total = printable.currency.amount(printable.total_minor);
    if let Some(verdict) = law(config, of.terms, (printable.kind, printable.invoice_date, total)) {
        let code = if verdict.stops { FlagCode::EInvoice } else { FlagCode::Law };
        found.push(Flag { code, reason: verdict.words });
    }
    if corrects.is_none() {
        let point = match config.get(key::TAX_POINT) {
            "service_end" => taxed.iter().filter_map(|line| line.service_to).max(),
            _ => None,
        };
        let on = point.unwrap_or(printable.invoice_date);
        found.extend(fx::lacking(db, config, printable.currency, &printable.taxes, on)?);
    }
    let head = Head {
        kind: printable.kind,
        invoice_on: printable.invoice_date,
        due_on: printable.due_date.unwrap_or(printable.invoice_date),
        corrects,
    };
    let Some(legal) = legal_of(db, config, of, head, (&printable.taxes, &taxed))? else {
        return Ok(found);
    };
    let printable = Printable {
        number: "0".to_owned(),
        term: of.terms.payment_term.clone(),
        issuer: crate::document::issuer(config),
        customer: Customer::of(of.terms),
        ..printable
    };
    let line = |(at, line): (usize, &LineTax)| FactsLine {
        tax_code: line.code.clone(),
        rate: legal.rates.get(at).copied().flatten(),
    };
    let lines: Vec<FactsLine> = taxed.iter().enumerate().map(line).collect();
    let bill = einvoice::bill(Facts { document: &printable, legal: &legal, lines: &lines });
    if let Some(reason) = refused(&einvoice::problems(&bill)) {
        found.retain(|flag| flag.code != FlagCode::EInvoice);
        found.push(Flag { code: FlagCode::EInvoice, reason });
    }
    Ok(found)
}

/// What keeps the documents of an account from going by the network that it wants; it is posted all the same.
fn unreached(config: &Config, terms: &AccountTerms) -> Option<Flag> {
    let what = match (form(config, terms), terms.legal.electronic_address.trim()) {
        _ if !terms.delivery.ways().network => return None,
        (Form::None, _) => "e-invoice form: e_invoice",
        (_, "") => "electronic address: electronic_address",
        (_, _) => return None,
    };
    let reason = format!("to go by network, and has no {what} of the account (accounts.csv)");
    Some(Flag { code: FlagCode::Law, reason })
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
    let issuer = crate::document::country_code(config.get(key::ISSUER_COUNTRY));
    let customer = where_taxed(terms, &issuer);
    let case = regime::Case {
        issuer: &issuer,
        customer: &customer,
        kind: terms.legal.kind,
        has_tax_id: !terms.tax_id.trim().is_empty(),
        on,
        total,
        turnover: config.decimal(key::ISSUER_TURNOVER),
        by_network: terms.delivery.ways().network,
    };
    let verdict = regime::verdict(&case, form(config, terms))?;
    let stops = verdict.stops && config.get(key::REGIME_ENFORCE) == "block";
    Some(Verdict { stops, ..verdict })
}

/// The country whose law a customer is under: its own, else that of its tax id, else the issuer's. What is not
/// known may not make a document free of the law.
fn where_taxed(terms: &AccountTerms, issuer: &str) -> String {
    let country = crate::document::country_code(&terms.country);
    if is_country(&country) {
        return country;
    }
    let letters: String = terms.tax_id.trim().chars().take(2).collect();
    let letters = if letters == "EL" { "GR".to_owned() } else { letters.to_uppercase() };
    if is_country(&letters) { letters } else { issuer.to_owned() }
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

/// Writes the XML of a document: as it went out, of a posted one else what was frozen, of a draft what would be.
pub fn write(db: &Db<'_>, id: DocumentId) -> Result<Written, Error> {
    let row = document::get(db, id)?;
    let name = row.number.clone().unwrap_or_else(|| id.to_string());
    let file = format!("{}.xml", batch::stem(&name));
    if let Some((form, xml)) = e_document::sent(db, id)? {
        return Ok(Written { form, file, xml, problems: Vec::new() });
    }
    let (printable, legal) = match row.status {
        DocumentStatus::Posted => {
            let frozen = row.frozen.as_ref().map(Json::read).transpose()?;
            (printed::printable(db, id)?, frozen.and_then(|frozen: Frozen| frozen.legal))
        }
        DocumentStatus::Draft => {
            let config = settings::load(db)?;
            let terms = account::version_terms(db, row.account_version)?;
            let mut legal = legal(db, &row, &config, &terms)?;
            if let Some(legal) = &mut legal {
                legal.home = fx::home(db, &config, &row, row.invoice_on)?;
            }
            let speech = speech::of(db, &config, &terms)?;
            let frozen = Frozen { legal: legal.clone(), speech, ..Frozen::of(&config, &terms) };
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
    Ok(Written { form: bill.form, file, xml: einvoice::write(&bill), problems })
}

/// The electronic form of a posted document that goes out: what went out before, else what was frozen; none
/// where it has none.
pub fn outgoing(
    db: &Db<'_>,
    id: DocumentId,
    printable: &Printable,
) -> Result<Option<(Form, Vec<u8>)>, Error> {
    if let Some(sent) = e_document::sent(db, id)? {
        return Ok(Some(sent));
    }
    let row = document::get(db, id)?;
    let frozen = row.frozen.as_ref().map(Json::read).transpose()?;
    let Some(legal) = frozen.and_then(|frozen: Frozen| frozen.legal) else { return Ok(None) };
    let bill = bill(db, id, printable, Some(&legal))?;
    Ok(bill.map(|bill| (bill.form, einvoice::write(&bill))))
}

/// The XML that a network gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    pub form: Form,
    pub xml: Vec<u8>,
}

/// The electronic form of a posted document as it goes to an electronic address: as it went there before,
/// else what went out, or was frozen, with this address and nothing else changed. The error in it says why
/// there is none.
pub fn addressed(
    db: &Db<'_>,
    id: DocumentId,
    address: &str,
) -> Result<Result<Addressed, String>, Error> {
    let row = document::get(db, id)?;
    let frozen = row.frozen.as_ref().map(Json::read).transpose()?;
    let legal = frozen.and_then(|frozen: Frozen| frozen.legal);
    let Some(bill) = bill(db, id, &printed::printable(db, id)?, legal.as_ref())? else {
        return Ok(Err("posted without an e-invoice form".to_owned()));
    };
    let bill = einvoice::addressed(bill, address);
    if let Some(why) = refused(&einvoice::problems(&bill)) {
        return Ok(Err(why));
    }
    let (form, wanted) = (bill.form, &bill.buyer.address);
    let kept = e_document::versions(db, id)?;
    let mut last = None;
    for (form, xml) in kept.into_iter().rev() {
        let Ok(read) = einvoice::read(&xml) else {
            return Ok(Err("what went out of it cannot be read back".to_owned()));
        };
        if read.buyer.address == *wanted {
            return Ok(Ok(Addressed { form, xml }));
        }
        last.get_or_insert(read);
    }
    let xml = einvoice::write(&bill);
    if let Some(last) = last {
        let same =
            einvoice::read(&xml).is_ok_and(|read| einvoice::addressed(last, address) == read);
        if !same {
            let why = "with another address it would not be the same invoice: correct it and bill it again";
            return Ok(Err(why.to_owned()));
        }
    }
    Ok(Ok(Addressed { form, xml }))
}
