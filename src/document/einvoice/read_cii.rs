//! CII read back.

use super::model::{Bill, Coded, Home, Means, Party, Row, TaxGroup};
use super::parse::{
    amount, bad, category, currency, decimal, empty, ends, form_of, minor, reasoned,
};
use super::xml::{Node, ReadError};
use crate::domain::e_invoice::Category;
use crate::domain::frozen::Corrected;
use crate::domain::money::Currency;
use chrono::NaiveDate;
use rust_decimal::Decimal;

fn cii_date(node: &mut Node, name: &str) -> Result<Option<NaiveDate>, ReadError> {
    let Some(mut outer) = node.take(name) else { return Ok(None) };
    let inner = match outer.take("udt:DateTimeString") {
        Some(inner) => inner,
        None => outer.need("qdt:DateTimeString")?,
    };
    outer.done()?;
    if inner.attr("format") != "102" {
        return Err(bad("the form of a date", &inner.attr("format")));
    }
    let text = inner.leaf()?;
    NaiveDate::parse_from_str(&text, "%Y%m%d").map(Some).map_err(|_| bad("a date", &text))
}

fn cii_day(node: &mut Node, name: &str) -> Result<NaiveDate, ReadError> {
    let missing = || ReadError::Missing(node.name.clone(), name.to_owned());
    let missing = missing();
    cii_date(node, name)?.ok_or(missing)
}

fn cii_period(node: &mut Node) -> Result<Option<(NaiveDate, NaiveDate)>, ReadError> {
    let Some(mut period) = node.take("ram:BillingSpecifiedPeriod") else { return Ok(None) };
    let from = cii_day(&mut period, "ram:StartDateTime")?;
    let to = cii_day(&mut period, "ram:EndDateTime")?;
    period.done()?;
    Ok(Some((from, to)))
}

pub(super) fn cii(mut root: Node) -> Result<Bill, ReadError> {
    let mut context = root.need("rsm:ExchangedDocumentContext")?;
    let process = match context.take("ram:BusinessProcessSpecifiedDocumentContextParameter") {
        Some(mut node) => node.must("ram:ID")?,
        None => String::new(),
    };
    let mut guideline = context.need("ram:GuidelineSpecifiedDocumentContextParameter")?;
    let form = form_of(&guideline.must("ram:ID")?, &process, true)?;
    context.done()?;
    let mut head = root.need("rsm:ExchangedDocument")?;
    let mut all = root.need("rsm:SupplyChainTradeTransaction")?;
    root.done()?;
    let mut settled = all.need("ram:ApplicableHeaderTradeSettlement")?;
    let money = currency(&settled.must("ram:InvoiceCurrencyCode")?)?;
    let mut bill = empty(form, money);
    bill.number = head.must("ram:ID")?;
    bill.credit = match head.must("ram:TypeCode")?.as_str() {
        "380" => false,
        "381" => true,
        other => return Err(bad("the kind of document", other)),
    };
    bill.issued_on = cii_day(&mut head, "ram:IssueDateTime")?;
    if let Some(mut note) = head.take("ram:IncludedNote") {
        bill.note = note.must("ram:Content")?;
        note.done()?;
    }
    head.done()?;
    for node in all.all("ram:IncludedSupplyChainTradeLineItem") {
        bill.lines.push(cii_line(node, money)?);
    }
    let mut agreed = all.need("ram:ApplicableHeaderTradeAgreement")?;
    bill.buyer_reference = agreed.said("ram:BuyerReference")?;
    bill.seller = cii_party(agreed.need("ram:SellerTradeParty")?)?;
    bill.buyer = cii_party(agreed.need("ram:BuyerTradeParty")?)?;
    if let Some(mut order) = agreed.take("ram:BuyerOrderReferencedDocument") {
        bill.order = order.must("ram:IssuerAssignedID")?;
        order.done()?;
    }
    agreed.done()?;
    let mut delivery = all.need("ram:ApplicableHeaderTradeDelivery")?;
    if let Some(mut to) = delivery.take("ram:ShipToTradeParty") {
        let mut address = to.need("ram:PostalTradeAddress")?;
        bill.deliver_to = Some(address.must("ram:CountryID")?);
        address.done()?;
        to.done()?;
    }
    let mut event = delivery.need("ram:ActualDeliverySupplyChainEvent")?;
    bill.delivered_on = cii_day(&mut event, "ram:OccurrenceDateTime")?;
    event.done()?;
    delivery.done()?;
    all.done()?;
    cii_settled(&mut settled, &mut bill)?;
    settled.done()?;
    Ok(bill)
}

fn cii_settled(of: &mut Node, bill: &mut Bill) -> Result<(), ReadError> {
    let money = bill.currency;
    bill.seller.creditor = of.said("ram:CreditorReferenceID")?;
    bill.remittance = of.said("ram:PaymentReference")?;
    let home = of.said("ram:TaxCurrencyCode")?;
    let means = of.take("ram:SpecifiedTradeSettlementPaymentMeans");
    for node in of.all("ram:ApplicableTradeTax") {
        bill.taxes.push(cii_group(node, money)?);
    }
    bill.period = cii_period(of)?;
    let mut mandate = String::new();
    if let Some(mut terms) = of.take("ram:SpecifiedTradePaymentTerms") {
        bill.terms = terms.said("ram:Description")?;
        bill.due_on = cii_date(&mut terms, "ram:DueDateDateTime")?;
        mandate = terms.said("ram:DirectDebitMandateID")?;
        terms.done()?;
    }
    bill.means = means.map(|node| cii_pays(node, mandate)).transpose()?;
    let mut total = of.need("ram:SpecifiedTradeSettlementHeaderMonetarySummation")?;
    for sum in total.all("ram:TaxTotalAmount") {
        if home.is_empty() || sum.attr("currencyID") == money.code() {
            bill.tax_minor = amount(money, sum)?;
        } else {
            let currency = currency(&home)?;
            bill.home = Some(Home { currency, tax_minor: amount(currency, sum)? });
        }
    }
    let mut sum = |name: &str| {
        let text = total.said(name)?;
        if text.is_empty() { Ok(None) } else { minor(money, &text).map(Some) }
    };
    bill.net_minor = sum("ram:LineTotalAmount")?.unwrap_or_default();
    let base = sum("ram:TaxBasisTotalAmount")?;
    bill.total_minor = sum("ram:GrandTotalAmount")?.unwrap_or_default();
    bill.paid_minor = sum("ram:TotalPrepaidAmount")?.unwrap_or_default();
    let due = sum("ram:DuePayableAmount")?;
    total.done()?;
    ends(bill, base, due)?;
    if let Some(mut corrected) = of.take("ram:InvoiceReferencedDocument") {
        let number = corrected.must("ram:IssuerAssignedID")?;
        let date = cii_day(&mut corrected, "ram:FormattedIssueDateTime")?;
        corrected.done()?;
        bill.corrects = Some(Corrected { number, date });
    }
    Ok(())
}

fn cii_party(mut node: Node) -> Result<Party, ReadError> {
    let mut of = Party { name: node.must("ram:Name")?, ..Party::default() };
    if let Some(mut entity) = node.take("ram:SpecifiedLegalOrganization") {
        let id = entity.need("ram:ID")?;
        of.register = Coded { scheme: id.attr("schemeID"), id: id.leaf()? };
        entity.done()?;
    }
    if let Some(mut contact) = node.take("ram:DefinedTradeContact") {
        of.contact.name = contact.said("ram:PersonName")?;
        if let Some(mut phone) = contact.take("ram:TelephoneUniversalCommunication") {
            of.contact.phone = phone.must("ram:CompleteNumber")?;
            phone.done()?;
        }
        if let Some(mut email) = contact.take("ram:EmailURIUniversalCommunication") {
            of.contact.email = email.must("ram:URIID")?;
            email.done()?;
        }
        contact.done()?;
    }
    let mut place = node.need("ram:PostalTradeAddress")?;
    of.postcode = place.said("ram:PostcodeCode")?;
    of.street = place.said("ram:LineOne")?;
    of.more = place.said("ram:LineTwo")?;
    of.city = place.said("ram:CityName")?;
    of.country = place.must("ram:CountryID")?;
    of.region = place.said("ram:CountrySubDivisionName")?;
    place.done()?;
    if let Some(mut address) = node.take("ram:URIUniversalCommunication") {
        let id = address.need("ram:URIID")?;
        of.address = Coded { scheme: id.attr("schemeID"), id: id.leaf()? };
        address.done()?;
    }
    for mut tax in node.all("ram:SpecifiedTaxRegistration") {
        let id = tax.need("ram:ID")?;
        match id.attr("schemeID").as_str() {
            "VA" => of.tax_id = id.leaf()?,
            "FC" => of.tax_number = id.leaf()?,
            other => return Err(bad("a tax registration", other)),
        }
        tax.done()?;
    }
    node.done()?;
    Ok(of)
}

fn cii_pays(mut node: Node, mandate: String) -> Result<Means, ReadError> {
    let means = match node.must("ram:TypeCode")?.as_str() {
        "48" => {
            let mut card = node.need("ram:ApplicableTradeSettlementFinancialCard")?;
            let digits = card.must("ram:ID")?;
            card.done()?;
            Means::Card { digits, network: String::new() }
        }
        "59" => {
            let iban = match node.take("ram:PayerPartyDebtorFinancialAccount") {
                Some(mut account) => account.must("ram:IBANID")?,
                None => String::new(),
            };
            Means::Debit { mandate, iban }
        }
        "58" => {
            let mut account = node.need("ram:PayeePartyCreditorFinancialAccount")?;
            let (iban, holder) = (account.must("ram:IBANID")?, account.said("ram:AccountName")?);
            account.done()?;
            let bic = match node.take("ram:PayeeSpecifiedCreditorFinancialInstitution") {
                Some(mut bank) => bank.must("ram:BICID")?,
                None => String::new(),
            };
            Means::Transfer { iban, bic, holder }
        }
        "1" => Means::Open,
        other => return Err(bad("how it is paid", other)),
    };
    node.done()?;
    Ok(means)
}

fn vat(node: &mut Node) -> Result<(Category, Decimal), ReadError> {
    let kind = node.must("ram:TypeCode")?;
    if kind != "VAT" {
        return Err(bad("the tax", &kind));
    }
    let of = category(&node.must("ram:CategoryCode")?)?;
    let rate = node.said("ram:RateApplicablePercent")?;
    let rate = if rate.is_empty() { Decimal::ZERO } else { decimal(&rate)? };
    Ok((of, rate.normalize()))
}

fn cii_group(mut node: Node, money: Currency) -> Result<TaxGroup, ReadError> {
    let (category, rate) = vat(&mut node)?;
    let tax_minor = minor(money, &node.must("ram:CalculatedAmount")?)?;
    let base_minor = minor(money, &node.must("ram:BasisAmount")?)?;
    let reason = node.said("ram:ExemptionReason")?;
    reasoned(category, &node.said("ram:ExemptionReasonCode")?)?;
    node.done()?;
    Ok(TaxGroup { category, rate, base_minor, tax_minor, reason, inclusive: false })
}

fn cii_line(mut node: Node, money: Currency) -> Result<Row, ReadError> {
    let mut head = node.need("ram:AssociatedDocumentLineDocument")?;
    let id = head.must("ram:LineID")?;
    head.done()?;
    let mut product = node.need("ram:SpecifiedTradeProduct")?;
    let (name, detail) = (product.must("ram:Name")?, product.said("ram:Description")?);
    product.done()?;
    let mut agreed = node.need("ram:SpecifiedLineTradeAgreement")?;
    let mut net = agreed.need("ram:NetPriceProductTradePrice")?;
    let price = decimal(&net.must("ram:ChargeAmount")?)?;
    let per = net.said("ram:BasisQuantity")?;
    let per = if per.is_empty() { None } else { Some(decimal(&per)?) };
    net.done()?;
    agreed.done()?;
    let mut delivery = node.need("ram:SpecifiedLineTradeDelivery")?;
    let counted = delivery.need("ram:BilledQuantity")?;
    delivery.done()?;
    let unit = counted.attr("unitCode");
    let quantity = decimal(&counted.leaf()?)?;
    let mut settled = node.need("ram:SpecifiedLineTradeSettlement")?;
    let mut tax = settled.need("ram:ApplicableTradeTax")?;
    let (category, rate) = vat(&mut tax)?;
    tax.done()?;
    let period = cii_period(&mut settled)?;
    let mut sum = settled.need("ram:SpecifiedTradeSettlementLineMonetarySummation")?;
    let net_minor = minor(money, &sum.must("ram:LineTotalAmount")?)?;
    sum.done()?;
    settled.done()?;
    node.done()?;
    Ok(Row {
        id: id.parse().map_err(|_| bad("a line number", &id))?,
        name,
        detail,
        quantity,
        uom: unit.clone(),
        unit,
        price,
        per,
        net_minor,
        period,
        category,
        rate,
    })
}
