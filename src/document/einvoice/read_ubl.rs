//! UBL read back.

use super::model::{Bill, Coded, Contact, Home, Means, Party, Row, TaxGroup};
use super::parse::{amount, bad, category, currency, day, decimal, empty, ends, form_of, reasoned};
use super::xml::{Node, ReadError};
use crate::domain::e_invoice::Category;
use crate::domain::frozen::Corrected;
use crate::domain::money::Currency;
use chrono::NaiveDate;
use rust_decimal::Decimal;

pub(super) fn ubl(mut root: Node, credit: bool) -> Result<Bill, ReadError> {
    let (guideline, process) = (root.must("cbc:CustomizationID")?, root.said("cbc:ProfileID")?);
    let form = form_of(&guideline, &process, false)?;
    let money = currency(&root.must("cbc:DocumentCurrencyCode")?)?;
    let mut bill = empty(form, money);
    bill.credit = credit;
    bill.number = root.must("cbc:ID")?;
    bill.issued_on = day(&root.must("cbc:IssueDate")?)?;
    let due = root.said("cbc:DueDate")?;
    bill.due_on = if due.is_empty() { None } else { Some(day(&due)?) };
    let (kind, code) =
        if credit { ("cbc:CreditNoteTypeCode", "381") } else { ("cbc:InvoiceTypeCode", "380") };
    let said = root.must(kind)?;
    if said != code {
        return Err(bad(kind, &said));
    }
    bill.note = root.said("cbc:Note")?;
    let home = root.said("cbc:TaxCurrencyCode")?;
    bill.buyer_reference = root.said("cbc:BuyerReference")?;
    bill.period = ubl_period(&mut root)?;
    if let Some(mut order) = root.take("cac:OrderReference") {
        bill.order = order.must("cbc:ID")?;
        order.done()?;
    }
    if let Some(mut reference) = root.take("cac:BillingReference") {
        let mut of = reference.need("cac:InvoiceDocumentReference")?;
        let (number, date) = (of.must("cbc:ID")?, day(&of.must("cbc:IssueDate")?)?);
        of.done()?;
        reference.done()?;
        bill.corrects = Some(Corrected { number, date });
    }
    bill.seller = ubl_party(root.need("cac:AccountingSupplierParty")?)?;
    bill.buyer = ubl_party(root.need("cac:AccountingCustomerParty")?)?;
    let mut delivery = root.need("cac:Delivery")?;
    bill.delivered_on = day(&delivery.must("cbc:ActualDeliveryDate")?)?;
    if let Some(mut place) = delivery.take("cac:DeliveryLocation") {
        let mut address = place.need("cac:Address")?;
        let mut country = address.need("cac:Country")?;
        bill.deliver_to = Some(country.must("cbc:IdentificationCode")?);
        [&country, &address, &place].iter().try_for_each(|node| node.done())?;
    }
    delivery.done()?;
    if let Some(means) = root.take("cac:PaymentMeans") {
        ubl_pays(means, &mut bill)?;
    }
    if let Some(mut terms) = root.take("cac:PaymentTerms") {
        bill.terms = terms.must("cbc:Note")?;
        terms.done()?;
    }
    for mut total in root.all("cac:TaxTotal") {
        let sum = total.need("cbc:TaxAmount")?;
        if home.is_empty() || sum.attr("currencyID") == money.code() {
            bill.tax_minor = amount(money, sum)?;
            for group in total.all("cac:TaxSubtotal") {
                bill.taxes.push(ubl_group(group, money)?);
            }
        } else {
            let currency = currency(&home)?;
            bill.home = Some(Home { currency, tax_minor: amount(currency, sum)? });
        }
        total.done()?;
    }
    let mut total = root.need("cac:LegalMonetaryTotal")?;
    let mut of = |name: &str| total.take(name).map(|node| amount(money, node)).transpose();
    bill.net_minor = of("cbc:LineExtensionAmount")?.unwrap_or_default();
    let exclusive = of("cbc:TaxExclusiveAmount")?;
    bill.total_minor = of("cbc:TaxInclusiveAmount")?.unwrap_or_default();
    bill.paid_minor = of("cbc:PrepaidAmount")?.unwrap_or_default();
    let due = of("cbc:PayableAmount")?;
    total.done()?;
    ends(&bill, exclusive, due)?;
    let (row, quantity) = if credit {
        ("cac:CreditNoteLine", "cbc:CreditedQuantity")
    } else {
        ("cac:InvoiceLine", "cbc:InvoicedQuantity")
    };
    for node in root.all(row) {
        bill.lines.push(ubl_line(node, money, quantity)?);
    }
    root.done()?;
    Ok(bill)
}

fn ubl_period(node: &mut Node) -> Result<Option<(NaiveDate, NaiveDate)>, ReadError> {
    let Some(mut period) = node.take("cac:InvoicePeriod") else { return Ok(None) };
    let (from, to) = (day(&period.must("cbc:StartDate")?)?, day(&period.must("cbc:EndDate")?)?);
    period.done()?;
    Ok(Some((from, to)))
}

fn ubl_party(mut node: Node) -> Result<Party, ReadError> {
    let mut party = node.need("cac:Party")?;
    node.done()?;
    let mut of = Party::default();
    if let Some(address) = party.take("cbc:EndpointID") {
        of.address = Coded { scheme: address.attr("schemeID"), id: address.leaf()? };
    }
    if let Some(mut id) = party.take("cac:PartyIdentification") {
        of.creditor = id.must("cbc:ID")?;
        id.done()?;
    }
    let mut place = party.need("cac:PostalAddress")?;
    of.street = place.said("cbc:StreetName")?;
    of.more = place.said("cbc:AdditionalStreetName")?;
    of.city = place.said("cbc:CityName")?;
    of.postcode = place.said("cbc:PostalZone")?;
    of.region = place.said("cbc:CountrySubentity")?;
    let mut country = place.need("cac:Country")?;
    of.country = country.must("cbc:IdentificationCode")?;
    country.done()?;
    place.done()?;
    for mut tax in party.all("cac:PartyTaxScheme") {
        let id = tax.must("cbc:CompanyID")?;
        let mut scheme = tax.need("cac:TaxScheme")?;
        if scheme.must("cbc:ID")? == "VAT" {
            of.tax_id = id;
        } else {
            of.tax_number = id;
        }
        tax.done()?;
    }
    let mut entity = party.need("cac:PartyLegalEntity")?;
    of.name = entity.must("cbc:RegistrationName")?;
    if let Some(id) = entity.take("cbc:CompanyID") {
        of.register = Coded { scheme: id.attr("schemeID"), id: id.leaf()? };
    }
    entity.done()?;
    if let Some(mut contact) = party.take("cac:Contact") {
        of.contact = Contact {
            name: contact.said("cbc:Name")?,
            phone: contact.said("cbc:Telephone")?,
            email: contact.said("cbc:ElectronicMail")?,
        };
        contact.done()?;
    }
    party.done()?;
    Ok(of)
}

fn ubl_pays(mut node: Node, bill: &mut Bill) -> Result<(), ReadError> {
    let code = node.must("cbc:PaymentMeansCode")?;
    bill.remittance = node.said("cbc:PaymentID")?;
    bill.means = Some(match code.as_str() {
        "58" => {
            let mut account = node.need("cac:PayeeFinancialAccount")?;
            let (iban, holder) = (account.must("cbc:ID")?, account.said("cbc:Name")?);
            let bic = match account.take("cac:FinancialInstitutionBranch") {
                Some(mut branch) => branch.must("cbc:ID")?,
                None => String::new(),
            };
            account.done()?;
            Means::Transfer { iban, bic, holder }
        }
        "48" => {
            let mut card = node.need("cac:CardAccount")?;
            let digits = card.must("cbc:PrimaryAccountNumberID")?;
            let network = card.must("cbc:NetworkID")?;
            card.done()?;
            Means::Card { digits, network }
        }
        "59" => {
            let mut of = node.need("cac:PaymentMandate")?;
            let mandate = of.must("cbc:ID")?;
            let iban = match of.take("cac:PayerFinancialAccount") {
                Some(mut account) => account.must("cbc:ID")?,
                None => String::new(),
            };
            of.done()?;
            Means::Debit { mandate, iban }
        }
        "1" => Means::Open,
        other => return Err(bad("how it is paid", other)),
    });
    node.done()
}

fn ubl_category(mut node: Node) -> Result<(Category, Decimal, String, String), ReadError> {
    let of = category(&node.must("cbc:ID")?)?;
    let rate = node.said("cbc:Percent")?;
    let rate = if rate.is_empty() { Decimal::ZERO } else { decimal(&rate)? };
    let code = node.said("cbc:TaxExemptionReasonCode")?;
    let reason = node.said("cbc:TaxExemptionReason")?;
    let mut scheme = node.need("cac:TaxScheme")?;
    let kind = scheme.must("cbc:ID")?;
    if kind != "VAT" {
        return Err(bad("the tax", &kind));
    }
    node.done()?;
    Ok((of, rate.normalize(), reason, code))
}

fn ubl_group(mut node: Node, money: Currency) -> Result<TaxGroup, ReadError> {
    let base_minor = amount(money, node.need("cbc:TaxableAmount")?)?;
    let tax_minor = amount(money, node.need("cbc:TaxAmount")?)?;
    let (category, rate, reason, code) = ubl_category(node.need("cac:TaxCategory")?)?;
    node.done()?;
    reasoned(category, &code)?;
    Ok(TaxGroup { category, rate, base_minor, tax_minor, reason, inclusive: false })
}

fn ubl_line(mut node: Node, money: Currency, quantity: &str) -> Result<Row, ReadError> {
    let id = node.must("cbc:ID")?;
    let counted = node.need(quantity)?;
    let unit = counted.attr("unitCode");
    let quantity = decimal(&counted.leaf()?)?;
    let net_minor = amount(money, node.need("cbc:LineExtensionAmount")?)?;
    let period = ubl_period(&mut node)?;
    let mut item = node.need("cac:Item")?;
    let (detail, name) = (item.said("cbc:Description")?, item.must("cbc:Name")?);
    let (category, rate, ..) = ubl_category(item.need("cac:ClassifiedTaxCategory")?)?;
    item.done()?;
    let mut price = node.need("cac:Price")?;
    let of = decimal(&price.must("cbc:PriceAmount")?)?;
    let per = price.said("cbc:BaseQuantity")?;
    let per = if per.is_empty() { None } else { Some(decimal(&per)?) };
    price.done()?;
    node.done()?;
    Ok(Row {
        id: id.parse().map_err(|_| bad("a line number", &id))?,
        name,
        detail,
        quantity,
        uom: unit.clone(),
        unit,
        price: of,
        per,
        net_minor,
        period,
        category,
        rate,
    })
}
