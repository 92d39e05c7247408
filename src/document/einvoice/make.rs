//! What is posted, as the model of EN 16931: signs turned, prices net, tax by category and rate.

use super::check::is_vat_id;
use super::model::{Bill, Coded, Contact, Home, Means, Party, Row, TaxGroup};
use crate::document::Printable;
use crate::document::printable::country_code;
use crate::domain::document::DocumentKind;
use crate::domain::e_invoice::{Category, Form, coded, is_of_union, usual_unit};
use crate::domain::frozen::{Legal, Paying};
use crate::domain::money::Currency;
use rust_decimal::{Decimal, RoundingStrategy};

/// A line beside what is printed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactsLine {
    /// Empty = no tax.
    pub tax_code: String,
    /// The rate it was taxed by, percent, where its code has several on this document.
    pub rate: Option<Decimal>,
}

/// A document, and what its electronic form says besides.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub document: &'a Printable,
    pub legal: &'a Legal,
    /// One for each line of the document.
    pub lines: &'a [FactsLine],
}

/// The bill that the facts make.
pub fn bill(facts: Facts<'_>) -> Bill {
    let Facts { document, legal, lines } = facts;
    let credit = document.kind == DocumentKind::CreditMemo;
    let sign = if credit { -1 } else { 1 };
    let taxes = groups(facts, sign);
    let rows: Vec<Row> = document
        .lines
        .iter()
        .zip(lines)
        .zip(1..)
        .map(|((line, more), id)| {
            let (category, rate) = taxed(facts, more);
            let net_minor = sign * line.amount_minor;
            let made = Made::of(document.currency, net_minor, (line.quantity, line.unit_price));
            Row {
                id,
                name: line.description.clone(),
                detail: line.detail.clone(),
                quantity: made.quantity,
                unit: unit(legal, &line.uom),
                uom: line.uom.clone(),
                price: made.price,
                per: made.per,
                net_minor,
                period: line.service,
                category,
                rate,
            }
        })
        .collect();
    let from = rows.iter().filter_map(|row| row.period.map(|p| p.0)).min();
    let to = rows.iter().filter_map(|row| row.period.map(|p| p.1)).max();
    let buyer = buyer(facts);
    let goods = taxes.iter().any(|tax| tax.category == Category::IntraCommunity);
    let tax_minor: i64 = taxes.iter().map(|tax| tax.tax_minor).sum();

    let means = match (credit, legal.form) {
        (false, _) => means(legal),
        (true, Form::Xrechnung) => Some(Means::Open),
        (true, _) => None,
    };
    let paid: i64 = document.credits.iter().map(|credit| credit.amount_minor).sum();
    Bill {
        form: legal.form,
        number: document.number.clone(),
        issued_on: document.invoice_date,
        credit,
        currency: document.currency,
        home: home(facts, tax_minor),
        due_on: document.due_date,
        buyer_reference: document.customer.buyer_reference.clone(),
        order: document.po_number.clone(),
        terms: if credit { String::new() } else { document.term.clone() },
        note: document.note.clone(),
        corrects: document.corrects.clone(),
        seller: seller(facts),
        deliver_to: goods.then(|| buyer.country.clone()),
        buyer,
        delivered_on: to.unwrap_or(document.invoice_date),
        period: from.zip(to),
        remittance: match means {
            Some(Means::Open) | None => String::new(),
            Some(_) => document.quoted(),
        },
        means,
        taxes,
        lines: rows,
        net_minor: sign * document.subtotal_minor,
        tax_minor,
        total_minor: sign * document.total_minor,
        paid_minor: if credit { 0 } else { paid },
    }
}

/// The tax in the issuer's own currency, where a rate is known (BT-6, BT-111): converted row by row, as the tax
/// report has it.
fn home(facts: Facts<'_>, tax_minor: i64) -> Option<Home> {
    let rate = facts.legal.home.as_ref()?;
    let of = facts.document.currency;
    let rows: Result<Vec<i64>, _> =
        facts.document.taxes.iter().map(|tax| rate.convert(of, tax.tax_minor)).collect();
    let sum: i64 = rows.ok()?.iter().sum();
    let turned = (sum < 0) != (tax_minor < 0);
    Some(Home { currency: rate.currency, tax_minor: if turned { -sum } else { sum } })
}

fn unit(legal: &Legal, uom: &str) -> String {
    let own = legal.units.iter().find(|(name, _)| name.eq_ignore_ascii_case(uom.trim()));
    let code = own.map(|(_, code)| code.as_str()).or_else(|| usual_unit(uom));
    code.unwrap_or_default().to_owned()
}

/// Category and rate of a line.
fn taxed(facts: Facts<'_>, line: &FactsLine) -> (Category, Decimal) {
    let of_code = || facts.document.taxes.iter().filter(|tax| tax.tax_code == line.tax_code);
    let row = of_code().find(|tax| line.rate.is_none_or(|rate| rate == tax.rate_percent));
    match row.or_else(|| of_code().next()) {
        Some(tax) if !line.tax_code.is_empty() => {
            (category(facts.legal, tax), tax.rate_percent.normalize())
        }
        Some(_) | None => (Category::Outside, Decimal::ZERO),
    }
}

fn category(legal: &Legal, tax: &crate::domain::document::DocumentTax) -> Category {
    let said = legal.categories.iter().find(|(code, _)| *code == tax.tax_code);
    Category::of(tax.kind, tax.rate_percent, said.map(|(_, category)| *category))
}

/// One row a category and rate, as EN 16931 wants them.
fn groups(facts: Facts<'_>, sign: i64) -> Vec<TaxGroup> {
    let mut all: Vec<TaxGroup> = Vec::new();
    let mut add = |new: TaxGroup| match all
        .iter_mut()
        .find(|one| one.category == new.category && one.rate == new.rate)
    {
        Some(one) => {
            one.base_minor += new.base_minor;
            one.tax_minor += new.tax_minor;
            one.inclusive |= new.inclusive;
            if !one.reason.contains(&new.reason) {
                one.reason = format!("{}; {}", one.reason, new.reason);
            }
        }
        None => all.push(new),
    };
    for tax in &facts.document.taxes {
        let category = category(facts.legal, tax);
        let reason = match (category.has_reason(), tax.reason.trim()) {
            (false, _) => "",
            (true, "") => category.usual_reason(),
            (true, said) => said,
        };
        add(TaxGroup {
            category,
            rate: tax.rate_percent.normalize(),
            base_minor: sign * tax.base_minor,
            tax_minor: sign * tax.tax_minor,
            reason: reason.to_owned(),
            inclusive: tax.inclusive,
        });
    }
    let untaxed = facts.document.lines.iter().zip(facts.lines);
    let untaxed = untaxed.filter(|(_, more)| more.tax_code.is_empty());
    let base: Vec<i64> = untaxed.map(|(line, _)| sign * line.amount_minor).collect();
    if !base.is_empty() {
        add(TaxGroup {
            category: Category::Outside,
            rate: Decimal::ZERO,
            base_minor: base.iter().sum(),
            tax_minor: 0,
            reason: Category::Outside.usual_reason().to_owned(),
            inclusive: false,
        });
    }
    all
}

/// Quantity and price that make a net amount.
struct Made {
    quantity: Decimal,
    price: Decimal,
    per: Option<Decimal>,
}

impl Made {
    /// The sign stands on the quantity: no price may be negative. Where the printed price does not make the
    /// amount (tiers, parts of a period, prices with tax), the price is that of all of them.
    fn of(
        currency: Currency,
        net_minor: i64,
        (quantity, price): (Option<Decimal>, Option<Decimal>),
    ) -> Self {
        let net = currency.to_decimal(net_minor);
        let whole = net.abs().normalize();
        let (quantity, price) =
            (quantity.unwrap_or(Decimal::ONE).abs(), price.unwrap_or(whole).abs());
        let (quantity, price) = (quantity.normalize(), price.normalize());
        let signed = |q: Decimal| if net_minor < 0 { -q } else { q };
        if quantity.is_zero() {
            let none = net_minor == 0;
            let quantity = if none { Decimal::ZERO } else { signed(Decimal::ONE) };
            return Self { quantity, price: if none { price } else { whole }, per: None };
        }
        let strategy = RoundingStrategy::MidpointAwayFromZero;
        let made = quantity.checked_mul(price);
        let made = made.map(|all| all.round_dp_with_strategy(currency.digits(), strategy));
        if made == Some(net.abs()) {
            return Self { quantity: signed(quantity), price, per: None };
        }
        Self { quantity: signed(quantity), price: whole, per: Some(quantity) }
    }
}

fn party_code(text: &str) -> Coded {
    let (scheme, id) = coded(text);
    Coded { scheme: scheme.to_owned(), id: id.to_owned() }
}

/// The same bill to another electronic address of the customer (BT-49), with its scheme before a colon.
pub fn addressed(bill: Bill, electronic_address: &str) -> Bill {
    let buyer = Party { address: party_code(electronic_address), ..bill.buyer };
    Bill { buyer, ..bill }
}

fn seller(facts: Facts<'_>) -> Party {
    let (issuer, of) = (&facts.document.issuer, &facts.legal.seller);
    Party {
        name: issuer.name.clone(),
        tax_id: vat_id(&of.tax_id),
        tax_number: of.tax_number.clone(),
        register: party_code(&of.register_id),
        address: party_code(&of.electronic_address),
        street: of.street.clone(),
        more: String::new(),
        city: of.city.clone(),
        postcode: of.postcode.clone(),
        region: String::new(),
        country: country_code(&of.country),
        contact: Contact {
            name: of.contact.clone(),
            phone: of.phone.clone(),
            email: of.email.clone(),
        },
        creditor: match facts.legal.paying {
            Paying::Debit => of.creditor_id.clone(),
            Paying::Transfer | Paying::Card | Paying::Unsaid => String::new(),
        },
    }
}

fn buyer(facts: Facts<'_>) -> Party {
    let of = &facts.document.customer;
    Party {
        name: of.name.clone(),
        // Elsewhere a tax id need not begin with its country.
        tax_id: Some(vat_id(&of.tax_id))
            .filter(|id| is_vat_id(id) || is_of_union(&country_code(&of.country)))
            .unwrap_or_default(),
        tax_number: String::new(),
        register: party_code(&of.register_id),
        address: party_code(&of.electronic_address),
        street: of.address1.clone(),
        more: of.address2.clone(),
        city: of.city.clone(),
        postcode: of.postcode.clone(),
        region: of.region.clone(),
        country: country_code(&of.country),
        contact: Contact { name: of.billing_contact.clone(), ..Contact::default() },
        creditor: String::new(),
    }
}

/// Without blanks and dots, its letters capitals, and without words before it (`USt-IdNr. DE…`).
fn vat_id(text: &str) -> String {
    let is_word = |part: &str| part.len() > 2 && !part.contains(|c: char| c.is_ascii_digit());
    let parts =
        text.split([' ', ':', '\u{a0}']).skip_while(|part| part.is_empty() || is_word(part));
    let text = parts.collect::<String>();
    let kept = text.chars().filter(char::is_ascii_alphanumeric);
    kept.collect::<String>().to_ascii_uppercase()
}

/// The last four digits of a card as it is shown: `visa ··4242 (12/27)`, `amex 371449…0005`.
fn last_digits(display: &str) -> String {
    let before = display.split(['(', '/']).next().unwrap_or_default();
    let mut runs = before.split(|c: char| !c.is_ascii_digit());
    let last = runs.rfind(|run| run.len() >= 4).unwrap_or_default();
    last[last.len().saturating_sub(4)..].to_owned()
}

fn means(legal: &Legal) -> Option<Means> {
    let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    match legal.paying {
        Paying::Debit => {
            Some(Means::Debit { mandate: legal.mandate.clone(), iban: plain(&legal.debited) })
        }
        Paying::Card => {
            let network = legal.debited.split_whitespace().next().unwrap_or_default();
            Some(Means::Card {
                digits: last_digits(&legal.debited),
                network: network.to_uppercase(),
            })
        }
        Paying::Transfer if !legal.seller.iban.is_empty() => Some(Means::Transfer {
            iban: plain(&legal.seller.iban),
            bic: plain(&legal.seller.bic),
            holder: String::new(),
        }),
        Paying::Transfer | Paying::Unsaid => None,
    }
}
