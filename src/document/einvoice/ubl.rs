//! UBL 2.1, invoice and credit note, in the order of its schema.

use super::codes::profile;
use super::model::{Bill, Means, Party, Row, TaxGroup};
use super::xml::Xml;
use crate::domain::e_invoice::Category;
use rust_decimal::Decimal;

const CAC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2";
const CBC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2";

/// The XML.
pub(super) fn write(bill: &Bill) -> Vec<u8> {
    let (root, space) = if bill.credit {
        ("CreditNote", "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2")
    } else {
        ("Invoice", "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2")
    };
    let mut x = Xml::begin(root, &[("xmlns", space), ("xmlns:cac", CAC), ("xmlns:cbc", CBC)]);
    let (customization, process) = profile(bill.form);
    x.text("cbc:CustomizationID", customization);
    x.some("cbc:ProfileID", process.unwrap_or_default());
    x.text("cbc:ID", &bill.number);
    x.text("cbc:IssueDate", &bill.issued_on.to_string());
    if let Some(due) = bill.due_on.filter(|_| !bill.credit) {
        x.text("cbc:DueDate", &due.to_string());
    }
    if bill.credit {
        x.text("cbc:CreditNoteTypeCode", "381");
    } else {
        x.text("cbc:InvoiceTypeCode", "380");
    }
    x.some("cbc:Note", &bill.note);
    x.text("cbc:DocumentCurrencyCode", bill.currency.code());
    if let Some(home) = bill.home {
        x.text("cbc:TaxCurrencyCode", home.currency.code());
    }
    x.some("cbc:BuyerReference", &bill.buyer_reference);
    period(&mut x, bill.period);
    if !bill.order.is_empty() {
        x.within("cac:OrderReference", |x| x.text("cbc:ID", &bill.order));
    }
    if let Some(corrected) = &bill.corrects {
        x.within("cac:BillingReference", |x| {
            x.within("cac:InvoiceDocumentReference", |x| {
                x.text("cbc:ID", &corrected.number);
                x.text("cbc:IssueDate", &corrected.date.to_string());
            });
        });
    }
    x.within("cac:AccountingSupplierParty", |x| party(x, &bill.seller));
    x.within("cac:AccountingCustomerParty", |x| party(x, &bill.buyer));
    x.within("cac:Delivery", |x| {
        x.text("cbc:ActualDeliveryDate", &bill.delivered_on.to_string());
        if let Some(country) = &bill.deliver_to {
            x.within("cac:DeliveryLocation", |x| {
                x.within("cac:Address", |x| {
                    x.within("cac:Country", |x| x.text("cbc:IdentificationCode", country));
                });
            });
        }
    });
    if let Some(means) = &bill.means {
        pays(&mut x, means, &bill.remittance);
    }
    if !bill.terms.is_empty() {
        x.within("cac:PaymentTerms", |x| x.text("cbc:Note", &bill.terms));
    }
    let code = bill.currency.code();
    x.within("cac:TaxTotal", |x| {
        amount(x, "cbc:TaxAmount", bill, bill.tax_minor);
        bill.taxes.iter().for_each(|tax| group(x, bill, tax));
    });
    if let Some(home) = bill.home {
        x.within("cac:TaxTotal", |x| {
            let text = fixed(home.currency.to_decimal(home.tax_minor));
            x.text_of("cbc:TaxAmount", &[("currencyID", home.currency.code())], &text);
        });
    }
    x.within("cac:LegalMonetaryTotal", |x| {
        amount(x, "cbc:LineExtensionAmount", bill, bill.net_minor);
        amount(x, "cbc:TaxExclusiveAmount", bill, bill.net_minor);
        amount(x, "cbc:TaxInclusiveAmount", bill, bill.total_minor);
        if bill.paid_minor != 0 {
            amount(x, "cbc:PrepaidAmount", bill, bill.paid_minor);
        }
        amount(x, "cbc:PayableAmount", bill, bill.due_minor());
    });
    let (row_name, quantity) = if bill.credit {
        ("cac:CreditNoteLine", "cbc:CreditedQuantity")
    } else {
        ("cac:InvoiceLine", "cbc:InvoicedQuantity")
    };
    for row in &bill.lines {
        x.within(row_name, |x| line(x, bill, row, (quantity, code)));
    }
    x.end()
}

/// Two decimals, whatever the currency has.
pub(super) fn fixed(value: Decimal) -> String {
    format!("{:.2}", value.round_dp(2))
}

fn amount(x: &mut Xml, name: &'static str, bill: &Bill, minor: i64) {
    let text = fixed(bill.currency.to_decimal(minor));
    x.text_of(name, &[("currencyID", bill.currency.code())], &text);
}

fn period(x: &mut Xml, period: Option<(chrono::NaiveDate, chrono::NaiveDate)>) {
    if let Some((from, to)) = period {
        x.within("cac:InvoicePeriod", |x| {
            x.text("cbc:StartDate", &from.to_string());
            x.text("cbc:EndDate", &to.to_string());
        });
    }
}

fn party(x: &mut Xml, of: &Party) {
    x.within("cac:Party", |x| {
        if !of.address.id.is_empty() {
            x.text_of("cbc:EndpointID", &[("schemeID", &of.address.scheme)], &of.address.id);
        }
        if !of.creditor.is_empty() {
            x.within("cac:PartyIdentification", |x| {
                x.text_of("cbc:ID", &[("schemeID", "SEPA")], &of.creditor);
            });
        }
        x.within("cac:PostalAddress", |x| {
            x.some("cbc:StreetName", &of.street);
            x.some("cbc:AdditionalStreetName", &of.more);
            x.some("cbc:CityName", &of.city);
            x.some("cbc:PostalZone", &of.postcode);
            x.some("cbc:CountrySubentity", &of.region);
            x.within("cac:Country", |x| x.text("cbc:IdentificationCode", &of.country));
        });
        for (id, scheme) in [(&of.tax_id, "VAT"), (&of.tax_number, "FC")] {
            if !id.is_empty() {
                x.within("cac:PartyTaxScheme", |x| {
                    x.text("cbc:CompanyID", id);
                    x.within("cac:TaxScheme", |x| x.text("cbc:ID", scheme));
                });
            }
        }
        x.within("cac:PartyLegalEntity", |x| {
            x.text("cbc:RegistrationName", &of.name);
            if !of.register.id.is_empty() {
                let scheme = [("schemeID", of.register.scheme.as_str())];
                x.text_of("cbc:CompanyID", &scheme, &of.register.id);
            }
        });
        let contact = &of.contact;
        if ![&contact.name, &contact.phone, &contact.email].iter().all(|s| s.is_empty()) {
            x.within("cac:Contact", |x| {
                x.some("cbc:Name", &contact.name);
                x.some("cbc:Telephone", &contact.phone);
                x.some("cbc:ElectronicMail", &contact.email);
            });
        }
    });
}

fn pays(x: &mut Xml, means: &Means, remittance: &str) {
    x.within("cac:PaymentMeans", |x| {
        x.text("cbc:PaymentMeansCode", means.code());
        x.some("cbc:PaymentID", remittance);
        match means {
            Means::Transfer { iban, bic, holder } => x.within("cac:PayeeFinancialAccount", |x| {
                x.text("cbc:ID", iban);
                x.some("cbc:Name", holder);
                if !bic.is_empty() {
                    x.within("cac:FinancialInstitutionBranch", |x| x.text("cbc:ID", bic));
                }
            }),
            Means::Card { digits, network } => x.within("cac:CardAccount", |x| {
                x.text("cbc:PrimaryAccountNumberID", digits);
                x.text("cbc:NetworkID", network);
            }),
            Means::Open => {}
            Means::Debit { mandate, iban } => x.within("cac:PaymentMandate", |x| {
                x.text("cbc:ID", mandate);
                if !iban.is_empty() {
                    x.within("cac:PayerFinancialAccount", |x| x.text("cbc:ID", iban));
                }
            }),
        }
    });
}

fn category(x: &mut Xml, of: Category, rate: Decimal) {
    x.text("cbc:ID", of.as_str());
    if of != Category::Outside {
        x.text("cbc:Percent", &rate.normalize().to_string());
    }
}

fn scheme(x: &mut Xml) {
    x.within("cac:TaxScheme", |x| x.text("cbc:ID", "VAT"));
}

fn group(x: &mut Xml, bill: &Bill, tax: &TaxGroup) {
    x.within("cac:TaxSubtotal", |x| {
        amount(x, "cbc:TaxableAmount", bill, tax.base_minor);
        amount(x, "cbc:TaxAmount", bill, tax.tax_minor);
        x.within("cac:TaxCategory", |x| {
            category(x, tax.category, tax.rate);
            x.some("cbc:TaxExemptionReasonCode", tax.category.reason_code().unwrap_or_default());
            x.some("cbc:TaxExemptionReason", &tax.reason);
            scheme(x);
        });
    });
}

fn line(x: &mut Xml, bill: &Bill, row: &Row, (quantity, code): (&'static str, &str)) {
    x.text("cbc:ID", &row.id.to_string());
    let unit = [("unitCode", row.unit.as_str())];
    x.text_of(quantity, &unit, &row.quantity.normalize().to_string());
    amount(x, "cbc:LineExtensionAmount", bill, row.net_minor);
    period(x, row.period);
    x.within("cac:Item", |x| {
        x.some("cbc:Description", &row.detail);
        x.text("cbc:Name", &row.name);
        x.within("cac:ClassifiedTaxCategory", |x| {
            category(x, row.category, row.rate);
            scheme(x);
        });
    });
    x.within("cac:Price", |x| {
        x.text_of("cbc:PriceAmount", &[("currencyID", code)], &row.price.normalize().to_string());
        if let Some(per) = row.per {
            x.text_of("cbc:BaseQuantity", &unit, &per.normalize().to_string());
        }
    });
}
