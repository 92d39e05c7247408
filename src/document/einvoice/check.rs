//! What keeps an electronic invoice from being valid, or from being true. The published rule sets see the
//! first, not the second: VAT a whole unit off, an IBAN with a wrong digit, a price that does not make the
//! amount all pass them.

use super::codes;
use super::model::{Bill, Coded, Means, Party, Row};
use crate::domain::e_invoice::{Category, Form, is_country, is_creditor_id, is_iban, is_unit_code};
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::BTreeSet;
use std::fmt;

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub what: String,
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.remedy)
    }
}

/// Everything that is wrong with a bill in its form.
pub fn problems(bill: &Bill) -> Vec<Problem> {
    let mut all = Problems { bill, list: Vec::new() };
    all.currency();
    all.seller();
    all.buyer();
    all.taxes();
    all.lines();
    all.sums();
    all.paying();
    all.form();
    all.list
}

struct Problems<'a> {
    bill: &'a Bill,
    list: Vec<Problem>,
}

const ACCOUNT: &str = "import it with accounts.csv";

fn setting(name: &str) -> String {
    format!("daybook settings set {name}")
}

impl Problems<'_> {
    fn add(&mut self, what: impl Into<String>, remedy: impl Into<String>) {
        self.list.push(Problem { what: what.into(), remedy: remedy.into() });
    }

    fn unless(&mut self, fine: bool, what: impl Into<String>, remedy: impl Into<String>) {
        if !fine {
            self.add(what, remedy);
        }
    }

    fn has(&self, category: Category) -> bool {
        self.bill.taxes.iter().any(|tax| tax.category == category)
    }

    fn currency(&mut self) {
        let of = self.bill.currency;
        if of.digits() > 2 {
            let what = format!("{of} has {} decimals, and an e-invoice two at most", of.digits());
            self.add(what, "e_invoice none for this account");
        }
        if codes::is_gone(of.code()) {
            self.add(format!("{of} is withdrawn"), "bill in a currency that is in force");
        }
    }

    /// What is the same of both sides: where they are, and their ids.
    fn party(&mut self, party: &Party, who: &str, remedy: &dyn Fn(&str) -> String) {
        self.unless(!party.name.is_empty(), format!("the {who} has no name"), remedy("name"));
        self.unless(
            is_country(&party.country),
            format!("the {who}'s country {:?} is no ISO code", party.country),
            remedy("country"),
        );
        if !party.tax_id.is_empty() && !is_vat_id(&party.tax_id) {
            let what = format!("the {who}'s tax id {:?} has no country's letters", party.tax_id);
            self.add(what, remedy("tax_id"));
        }
        let Coded { scheme, id } = &party.address;
        if !id.is_empty() && !codes::is_address_scheme(scheme) {
            let what = format!("the {who}'s electronic address {id:?} has no known scheme");
            self.add(what, remedy("electronic_address"));
        }
        let Coded { scheme, id } = &party.register;
        if !id.is_empty() && !scheme.is_empty() && !codes::is_register_scheme(scheme) {
            let what = format!("the {who}'s register id has the unknown scheme {scheme:?}");
            self.add(what, remedy("register_id"));
        }
    }

    fn seller(&mut self) {
        let of = &self.bill.seller;
        self.party(of, "issuer", &|field| setting(&format!("issuer.{field}")));
        let known = !of.tax_id.is_empty() || !of.tax_number.is_empty();
        let outside = self.has(Category::Outside);
        if !known && !outside {
            self.add("the issuer has no tax id", setting("issuer.tax_id"));
        }
        // A number at the tax office names nobody (BR-CO-26).
        if of.tax_id.is_empty() && of.register.id.is_empty() {
            self.add("nothing identifies the issuer", setting("issuer.register_id"));
        }
        for (category, word) in
            [(Category::IntraCommunity, "intra-community supply"), (Category::Export, "export")]
        {
            if self.has(category) && of.tax_id.is_empty() {
                let what = format!("the issuer has no VAT id, and there is an {word}");
                self.add(what, setting("issuer.tax_id"));
            }
        }
    }

    fn buyer(&mut self) {
        let of = &self.bill.buyer;
        self.party(of, "customer", &|field| format!("{field}: {ACCOUNT}"));
        for (category, word) in
            [(Category::IntraCommunity, "intra-community"), (Category::ReverseCharge, "reverse")]
        {
            if self.has(category) && of.tax_id.is_empty() {
                let register = category == Category::ReverseCharge && !of.register.id.is_empty();
                let what = format!("the customer has no tax id, and the tax is {word} charge");
                self.unless(register, what, format!("tax_id: {ACCOUNT}"));
            }
        }
    }

    fn taxes(&mut self) {
        let bill = self.bill;
        let outside = self.has(Category::Outside);
        if outside && (bill.taxes.len() > 1) {
            let what = "a line without tax stands beside lines with tax";
            self.add(what, "give each charge a tax code");
        }
        if outside && !bill.seller.tax_id.is_empty() {
            let what = "no line has a tax code, and the issuer has a VAT id";
            self.add(what, "give the account or its charges a tax code");
        }
        if outside && !bill.buyer.tax_id.is_empty() {
            let what = "no line has a tax code, and the customer has a VAT id";
            self.add(what, "give the account or its charges a tax code");
        }
        for tax in &bill.taxes {
            let of = format!("tax {} %", tax.rate.normalize());
            if tax.category.is_taxed() && tax.rate.is_zero() {
                let what = format!("{of} is no rate of category {}", tax.category);
                self.add(what, "category Z, E, AE, K, G or O in taxes.csv");
            }
            if !tax.category.is_taxed() && (!tax.rate.is_zero() || tax.tax_minor != 0) {
                self.add(format!("{of} is not taxed, and has tax"), "rate_percent 0 in taxes.csv");
            }
            if tax.category.has_reason() && tax.reason.trim().is_empty() {
                self.add(format!("{of} says no reason"), "reason in taxes.csv");
            }
            let to = |minor| bill.currency.to_decimal(minor);
            let exact = to(tax.base_minor) * tax.rate / Decimal::ONE_HUNDRED;
            let off = (exact - to(tax.tax_minor)).abs();
            // The rule sets take anything within a whole unit. Rounding once a code, from prices with tax, or
            // to the coins of a country is off by less.
            let half = Decimal::new(5, bill.currency.digits() + 1);
            if off > half.max(Decimal::new(5, 2)) {
                let what = format!(
                    "{of} of {} would be {}, and it says {}",
                    to(tax.base_minor),
                    exact.round_dp(2),
                    to(tax.tax_minor)
                );
                self.add(what, "regenerate the draft");
            }
        }
    }

    fn lines(&mut self) {
        self.unless(!self.bill.lines.is_empty(), "it has no line", "add one");
        let mut units = BTreeSet::new();
        for row in &self.bill.lines {
            let n = row.id;
            self.unless(
                !row.name.trim().is_empty(),
                format!("line {n} says nothing"),
                "give its charge a name",
            );
            if !is_unit_code(&row.unit) {
                units.insert(row.uom.clone());
            }
            if !makes(row, self.bill) {
                let what = format!("line {n}: quantity times price is not its amount");
                self.add(what, "correct quantity or price");
            }
        }
        for uom in units {
            let what = format!("the unit {uom:?} has no code");
            let remedy = format!("{} \"{uom}=CODE\" (UN/ECE Rec. 20)", setting("e_invoice.units"));
            self.add(what, remedy);
        }
    }

    /// Whatever the book says is added up again here.
    fn sums(&mut self) {
        let bill = self.bill;
        let net: i64 = bill.lines.iter().map(|row| row.net_minor).sum();
        let base: i64 = bill.taxes.iter().map(|tax| tax.base_minor).sum();
        let tax: i64 = bill.taxes.iter().map(|tax| tax.tax_minor).sum();
        let fine = net == bill.net_minor
            && base == bill.net_minor
            && tax == bill.tax_minor
            && bill.net_minor + bill.tax_minor == bill.total_minor;
        self.unless(fine, "its lines, taxes and total do not add up", "regenerate the draft");
        for group in &bill.taxes {
            let same = |row: &&Row| row.category == group.category && row.rate == group.rate;
            let of: i64 = bill.lines.iter().filter(same).map(|row| row.net_minor).sum();
            let what = format!("the lines taxed {} % are not its base", group.rate.normalize());
            self.unless(of == group.base_minor, what, "regenerate the draft");
        }
    }

    fn paying(&mut self) {
        let bill = self.bill;
        if bill.due_minor() > 0 && !bill.credit && bill.due_on.is_none() && bill.terms.is_empty() {
            self.add("it says no day on which it is due", "give the account a payment term");
        }
        match &bill.means {
            Some(Means::Transfer { iban, .. }) if !is_iban(iban) => {
                self.add(format!("the IBAN {iban:?} is none"), setting("issuer.iban"));
            }
            Some(Means::Debit { mandate, iban }) => {
                let method = "import it with payment_methods.csv";
                self.unless(
                    !mandate.is_empty(),
                    "the debit has no mandate",
                    format!("mandate: {method}"),
                );
                self.unless(
                    !bill.seller.creditor.is_empty(),
                    "the issuer has no creditor id",
                    setting("issuer.creditor_id"),
                );
                if !iban.is_empty() && !is_iban(iban) {
                    self.add(
                        format!("the debited IBAN {iban:?} is none"),
                        format!("iban: {method}"),
                    );
                }
            }
            Some(Means::Card { digits, .. }) if digits.is_empty() => self.add(
                "the card that is charged shows no digits",
                "display: import it with payment_methods.csv",
            ),
            Some(Means::Transfer { .. } | Means::Card { .. } | Means::Open) | None => {}
        }
        if let Some(Means::Debit { .. }) = &bill.means
            && !bill.seller.creditor.is_empty()
            && !is_creditor_id(&bill.seller.creditor)
        {
            let what = format!("the creditor id {:?} is none", bill.seller.creditor);
            self.add(what, setting("issuer.creditor_id"));
        }
    }

    /// What a form asks for beside EN 16931.
    fn form(&mut self) {
        let bill = self.bill;
        let (xr, peppol) = (bill.form == Form::Xrechnung, bill.form == Form::Peppol);
        if !xr && !peppol {
            return;
        }
        let form = bill.form.said();
        let (seller, buyer) = (&bill.seller, &bill.buyer);
        self.unless(
            !seller.address.id.is_empty(),
            format!("{form} wants the issuer's electronic address"),
            setting("issuer.electronic_address"),
        );
        self.unless(
            !buyer.address.id.is_empty(),
            format!("{form} wants the customer's electronic address"),
            format!("electronic_address: {ACCOUNT}"),
        );
        if peppol {
            self.unless(
                !bill.buyer_reference.is_empty() || !bill.order.is_empty(),
                format!("{form} wants a buyer reference or an order number"),
                format!("buyer_reference: {ACCOUNT}"),
            );
        }
        if !xr {
            return;
        }
        for (value, what, key) in [
            (&seller.city, "city", "issuer.city"),
            (&seller.postcode, "postcode", "issuer.postcode"),
            (&seller.contact.name, "contact", "issuer.contact"),
            (&seller.contact.phone, "telephone number", "issuer.phone"),
            (&seller.contact.email, "e-mail address", "issuer.email"),
        ] {
            self.unless(
                !value.is_empty(),
                format!("{form} wants the issuer's {what}"),
                setting(key),
            );
        }
        for (value, what, field) in [
            (&bill.buyer_reference, "buyer reference (Leitweg-ID)", "buyer_reference"),
            (&buyer.city, "city", "city"),
            (&buyer.postcode, "postcode", "postcode"),
        ] {
            let remedy = format!("{field}: {ACCOUNT}");
            self.unless(!value.is_empty(), format!("{form} wants the customer's {what}"), remedy);
        }
        let digits = seller.contact.phone.bytes().filter(u8::is_ascii_digit).count();
        if !seller.contact.phone.is_empty() && digits < 3 {
            let what = format!("{form} wants three digits in the issuer's telephone number");
            self.add(what, setting("issuer.phone"));
        }
        match &bill.means {
            None => self.add(format!("{form} wants how it is paid"), setting("issuer.iban")),
            Some(Means::Debit { iban, .. }) if iban.is_empty() => self.add(
                format!("{form} wants the account that is debited"),
                "iban: import it with payment_methods.csv",
            ),
            Some(
                Means::Transfer { .. } | Means::Debit { .. } | Means::Card { .. } | Means::Open,
            ) => {}
        }
    }
}

/// Whether quantity times price is the amount, rounded to the currency.
fn makes(row: &Row, bill: &Bill) -> bool {
    let Some(all) = row.quantity.checked_mul(row.price) else { return false };
    let Some(all) = all.checked_div(row.per.unwrap_or(Decimal::ONE)) else { return false };
    let strategy = RoundingStrategy::MidpointAwayFromZero;
    all.round_dp_with_strategy(bill.currency.digits(), strategy)
        == bill.currency.to_decimal(row.net_minor)
}

/// Whether an id begins with the letters of its country; `EU` is no country.
pub(super) fn is_vat_id(id: &str) -> bool {
    let letters: String = id.chars().take(2).collect();
    (is_country(&letters) || letters == "EL") && id.len() > 3
}
