//! UN/CEFACT Cross Industry Invoice D16B, in the order of its schema: what a Factur-X holds.

use super::codes::profile;
use super::model::{Bill, Means, Party, Row, TaxGroup};
use super::ubl::fixed;
use super::xml::Xml;
use crate::domain::e_invoice::Category;
use chrono::NaiveDate;

const SPACES: [(&str, &str); 4] = [
    ("xmlns:rsm", "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"),
    (
        "xmlns:ram",
        "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    ),
    ("xmlns:udt", "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"),
    ("xmlns:qdt", "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"),
];

/// The XML.
pub(super) fn write(bill: &Bill) -> Vec<u8> {
    let mut x = Xml::begin("rsm:CrossIndustryInvoice", &SPACES);
    let (guideline, process) = profile(bill.form);
    x.within("rsm:ExchangedDocumentContext", |x| {
        if let Some(process) = process {
            x.within("ram:BusinessProcessSpecifiedDocumentContextParameter", |x| {
                x.text("ram:ID", process);
            });
        }
        x.within("ram:GuidelineSpecifiedDocumentContextParameter", |x| x.text("ram:ID", guideline));
    });
    x.within("rsm:ExchangedDocument", |x| {
        x.text("ram:ID", &bill.number);
        x.text("ram:TypeCode", if bill.credit { "381" } else { "380" });
        date(x, "ram:IssueDateTime", bill.issued_on);
        if !bill.note.is_empty() {
            x.within("ram:IncludedNote", |x| x.text("ram:Content", &bill.note));
        }
    });
    x.within("rsm:SupplyChainTradeTransaction", |x| {
        bill.lines.iter().for_each(|row| line(x, bill, row));
        x.within("ram:ApplicableHeaderTradeAgreement", |x| agreement(x, bill));
        x.within("ram:ApplicableHeaderTradeDelivery", |x| {
            if let Some(country) = &bill.deliver_to {
                x.within("ram:ShipToTradeParty", |x| {
                    x.within("ram:PostalTradeAddress", |x| x.text("ram:CountryID", country));
                });
            }
            x.within("ram:ActualDeliverySupplyChainEvent", |x| {
                date(x, "ram:OccurrenceDateTime", bill.delivered_on);
            });
        });
        x.within("ram:ApplicableHeaderTradeSettlement", |x| settlement(x, bill));
    });
    x.end()
}

fn date(x: &mut Xml, name: &'static str, day: NaiveDate) {
    x.within(name, |x| {
        let text = day.format("%Y%m%d").to_string();
        x.text_of("udt:DateTimeString", &[("format", "102")], &text);
    });
}

fn amount(x: &mut Xml, name: &'static str, bill: &Bill, minor: i64) {
    x.text(name, &fixed(bill.currency.to_decimal(minor)));
}

fn agreement(x: &mut Xml, bill: &Bill) {
    x.some("ram:BuyerReference", &bill.buyer_reference);
    x.within("ram:SellerTradeParty", |x| party(x, &bill.seller));
    x.within("ram:BuyerTradeParty", |x| party(x, &bill.buyer));
    if !bill.order.is_empty() {
        x.within("ram:BuyerOrderReferencedDocument", |x| {
            x.text("ram:IssuerAssignedID", &bill.order);
        });
    }
}

fn party(x: &mut Xml, of: &Party) {
    x.text("ram:Name", &of.name);
    if !of.register.id.is_empty() {
        x.within("ram:SpecifiedLegalOrganization", |x| {
            x.text_of("ram:ID", &[("schemeID", &of.register.scheme)], &of.register.id);
        });
    }
    let contact = &of.contact;
    if ![&contact.name, &contact.phone, &contact.email].iter().all(|s| s.is_empty()) {
        x.within("ram:DefinedTradeContact", |x| {
            x.some("ram:PersonName", &contact.name);
            if !contact.phone.is_empty() {
                x.within("ram:TelephoneUniversalCommunication", |x| {
                    x.text("ram:CompleteNumber", &contact.phone);
                });
            }
            if !contact.email.is_empty() {
                x.within("ram:EmailURIUniversalCommunication", |x| {
                    x.text("ram:URIID", &contact.email);
                });
            }
        });
    }
    x.within("ram:PostalTradeAddress", |x| {
        x.some("ram:PostcodeCode", &of.postcode);
        x.some("ram:LineOne", &of.street);
        x.some("ram:LineTwo", &of.more);
        x.some("ram:CityName", &of.city);
        x.text("ram:CountryID", &of.country);
        x.some("ram:CountrySubDivisionName", &of.region);
    });
    if !of.address.id.is_empty() {
        x.within("ram:URIUniversalCommunication", |x| {
            x.text_of("ram:URIID", &[("schemeID", &of.address.scheme)], &of.address.id);
        });
    }
    for (id, scheme) in [(&of.tax_id, "VA"), (&of.tax_number, "FC")] {
        if !id.is_empty() {
            x.within("ram:SpecifiedTaxRegistration", |x| {
                x.text_of("ram:ID", &[("schemeID", scheme)], id);
            });
        }
    }
}

fn line(x: &mut Xml, bill: &Bill, row: &Row) {
    let unit = [("unitCode", row.unit.as_str())];
    x.within("ram:IncludedSupplyChainTradeLineItem", |x| {
        x.within("ram:AssociatedDocumentLineDocument", |x| {
            x.text("ram:LineID", &row.id.to_string());
        });
        x.within("ram:SpecifiedTradeProduct", |x| {
            x.text("ram:Name", &row.name);
            x.some("ram:Description", &row.detail);
        });
        x.within("ram:SpecifiedLineTradeAgreement", |x| {
            x.within("ram:NetPriceProductTradePrice", |x| {
                x.text("ram:ChargeAmount", &row.price.normalize().to_string());
                if let Some(per) = row.per {
                    x.text_of("ram:BasisQuantity", &unit, &per.normalize().to_string());
                }
            });
        });
        x.within("ram:SpecifiedLineTradeDelivery", |x| {
            x.text_of("ram:BilledQuantity", &unit, &row.quantity.normalize().to_string());
        });
        x.within("ram:SpecifiedLineTradeSettlement", |x| {
            x.within("ram:ApplicableTradeTax", |x| {
                x.text("ram:TypeCode", "VAT");
                x.text("ram:CategoryCode", row.category.as_str());
                if row.category != Category::Outside {
                    x.text("ram:RateApplicablePercent", &row.rate.normalize().to_string());
                }
            });
            period(x, row.period);
            x.within("ram:SpecifiedTradeSettlementLineMonetarySummation", |x| {
                amount(x, "ram:LineTotalAmount", bill, row.net_minor);
            });
        });
    });
}

fn period(x: &mut Xml, period: Option<(NaiveDate, NaiveDate)>) {
    if let Some((from, to)) = period {
        x.within("ram:BillingSpecifiedPeriod", |x| {
            date(x, "ram:StartDateTime", from);
            date(x, "ram:EndDateTime", to);
        });
    }
}

fn settlement(x: &mut Xml, bill: &Bill) {
    x.some("ram:CreditorReferenceID", &bill.seller.creditor);
    x.some("ram:PaymentReference", &bill.remittance);
    if let Some(home) = bill.home {
        x.text("ram:TaxCurrencyCode", home.currency.code());
    }
    x.text("ram:InvoiceCurrencyCode", bill.currency.code());
    if let Some(means) = &bill.means {
        x.within("ram:SpecifiedTradeSettlementPaymentMeans", |x| pays(x, means));
    }
    bill.taxes.iter().for_each(|tax| group(x, bill, tax));
    period(x, bill.period);
    let mandate = match &bill.means {
        Some(Means::Debit { mandate, .. }) => mandate.as_str(),
        Some(Means::Transfer { .. } | Means::Card { .. } | Means::Open) | None => "",
    };
    if !bill.terms.is_empty() || bill.due_on.is_some() || !mandate.is_empty() {
        x.within("ram:SpecifiedTradePaymentTerms", |x| {
            x.some("ram:Description", &bill.terms);
            if let Some(due) = bill.due_on {
                date(x, "ram:DueDateDateTime", due);
            }
            x.some("ram:DirectDebitMandateID", mandate);
        });
    }
    x.within("ram:SpecifiedTradeSettlementHeaderMonetarySummation", |x| {
        amount(x, "ram:LineTotalAmount", bill, bill.net_minor);
        amount(x, "ram:TaxBasisTotalAmount", bill, bill.net_minor);
        let tax = fixed(bill.currency.to_decimal(bill.tax_minor));
        x.text_of("ram:TaxTotalAmount", &[("currencyID", bill.currency.code())], &tax);
        if let Some(home) = bill.home {
            let tax = fixed(home.currency.to_decimal(home.tax_minor));
            x.text_of("ram:TaxTotalAmount", &[("currencyID", home.currency.code())], &tax);
        }
        amount(x, "ram:GrandTotalAmount", bill, bill.total_minor);
        if bill.paid_minor != 0 {
            amount(x, "ram:TotalPrepaidAmount", bill, bill.paid_minor);
        }
        amount(x, "ram:DuePayableAmount", bill, bill.due_minor());
    });
    if let Some(corrected) = &bill.corrects {
        x.within("ram:InvoiceReferencedDocument", |x| {
            x.text("ram:IssuerAssignedID", &corrected.number);
            x.within("ram:FormattedIssueDateTime", |x| {
                let text = corrected.date.format("%Y%m%d").to_string();
                x.text_of("qdt:DateTimeString", &[("format", "102")], &text);
            });
        });
    }
}

fn pays(x: &mut Xml, means: &Means) {
    x.text("ram:TypeCode", means.code());
    match means {
        Means::Open => {}
        // Of which network a card is has no place here.
        Means::Card { digits, .. } => {
            x.within("ram:ApplicableTradeSettlementFinancialCard", |x| x.text("ram:ID", digits));
        }
        Means::Debit { iban, .. } => {
            if !iban.is_empty() {
                x.within("ram:PayerPartyDebtorFinancialAccount", |x| x.text("ram:IBANID", iban));
            }
        }
        Means::Transfer { iban, bic, holder } => {
            x.within("ram:PayeePartyCreditorFinancialAccount", |x| {
                x.text("ram:IBANID", iban);
                x.some("ram:AccountName", holder);
            });
            if !bic.is_empty() {
                x.within("ram:PayeeSpecifiedCreditorFinancialInstitution", |x| {
                    x.text("ram:BICID", bic);
                });
            }
        }
    }
}

fn group(x: &mut Xml, bill: &Bill, tax: &TaxGroup) {
    x.within("ram:ApplicableTradeTax", |x| {
        amount(x, "ram:CalculatedAmount", bill, tax.tax_minor);
        x.text("ram:TypeCode", "VAT");
        x.some("ram:ExemptionReason", &tax.reason);
        amount(x, "ram:BasisAmount", bill, tax.base_minor);
        x.text("ram:CategoryCode", tax.category.as_str());
        x.some("ram:ExemptionReasonCode", tax.category.reason_code().unwrap_or_default());
        if tax.category != Category::Outside {
            x.text("ram:RateApplicablePercent", &tax.rate.normalize().to_string());
        }
    });
}
