//! The words of electronic invoices: who a customer is to the law, in which form an invoice goes, what
//! kind of tax a rate is, and the codes that stand for units of measure.

use super::document::TaxKind;
use rust_decimal::Decimal;

text_enum! {
    /// Who a customer is to the law of invoices.
    CustomerKind {
        /// Buys for a trade.
        Business = "business",
        /// Buys as a private person.
        Consumer = "consumer",
        /// A public body.
        Public = "public",
    }
}

text_enum! {
    /// The form of an electronic invoice.
    Form {
        /// EN 16931 as UBL with what German public bodies ask for besides (XRechnung 3.0).
        Xrechnung = "xrechnung",
        /// EN 16931 as UBL with the rules of Peppol BIS Billing 3.0.
        Peppol = "peppol",
        /// A PDF/A-3 that holds EN 16931 as CII (Factur-X 1.0, ZUGFeRD 2).
        FacturX = "factur-x",
        /// EN 16931 as UBL 2.1.
        Ubl = "ubl",
        /// EN 16931 as CII (D16B).
        Cii = "cii",
        /// No electronic invoice.
        None = "none",
    }
}

impl Form {
    /// Whether it is written as CII; else as UBL.
    pub fn is_cii(self) -> bool {
        match self {
            Self::FacturX | Self::Cii => true,
            Self::Xrechnung | Self::Peppol | Self::Ubl | Self::None => false,
        }
    }

    /// What it is called where a person reads it.
    pub fn said(self) -> &'static str {
        match self {
            Self::Xrechnung => "XRechnung",
            Self::Peppol => "Peppol BIS Billing",
            Self::FacturX => "Factur-X",
            Self::Ubl => "EN 16931 (UBL)",
            Self::Cii => "EN 16931 (CII)",
            Self::None => "no e-invoice",
        }
    }
}

text_enum! {
    /// What kind of tax a rate is (UNTDID 5305, the part that EN 16931 takes).
    Category {
        /// Standard or reduced rate.
        Standard = "S",
        /// Zero rate.
        Zero = "Z",
        /// Exempt.
        Exempt = "E",
        /// Owed by the customer.
        ReverseCharge = "AE",
        /// Goods to another member state.
        IntraCommunity = "K",
        /// Leaves the Union.
        Export = "G",
        /// No supply that is taxed.
        Outside = "O",
        /// Canary Islands.
        Igic = "L",
        /// Ceuta and Melilla.
        Ipsi = "M",
    }
}

impl Category {
    /// The category of a rate: what the tax table says, else by how it works.
    pub fn of(kind: TaxKind, rate: Decimal, said: Option<Self>) -> Self {
        said.unwrap_or(match kind {
            TaxKind::Standard if rate.is_zero() => Self::Zero,
            TaxKind::Standard => Self::Standard,
            TaxKind::Exempt => Self::Exempt,
            TaxKind::ReverseCharge => Self::ReverseCharge,
        })
    }

    /// Whether a reason has to be printed; where not, none may be.
    pub fn has_reason(self) -> bool {
        match self {
            Self::Exempt
            | Self::ReverseCharge
            | Self::IntraCommunity
            | Self::Export
            | Self::Outside => true,
            Self::Standard | Self::Zero | Self::Igic | Self::Ipsi => false,
        }
    }

    /// Whether tax is added by its rate.
    pub fn is_taxed(self) -> bool {
        match self {
            Self::Standard | Self::Igic | Self::Ipsi => true,
            Self::Zero
            | Self::Exempt
            | Self::ReverseCharge
            | Self::IntraCommunity
            | Self::Export
            | Self::Outside => false,
        }
    }

    /// The code of its reason (CEF VATEX); none where there is no one code.
    pub fn reason_code(self) -> Option<&'static str> {
        match self {
            Self::ReverseCharge => Some("VATEX-EU-AE"),
            Self::IntraCommunity => Some("VATEX-EU-IC"),
            Self::Export => Some("VATEX-EU-G"),
            Self::Outside => Some("VATEX-EU-O"),
            Self::Standard | Self::Zero | Self::Exempt | Self::Igic | Self::Ipsi => None,
        }
    }

    /// What is printed as reason where the tax table has none.
    pub fn usual_reason(self) -> &'static str {
        match self {
            Self::ReverseCharge => "Reverse charge",
            Self::IntraCommunity => "Intra-community supply",
            Self::Export => "Export outside the EU",
            Self::Outside => "Not subject to VAT",
            Self::Standard | Self::Zero | Self::Exempt | Self::Igic | Self::Ipsi => "",
        }
    }
}

/// Countries (ISO 3166-1), and XI and 1A, which invoices take besides.
const COUNTRY: &str = "1A AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM \
    BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO \
    DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK \
    HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI \
    LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF \
    NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE \
    SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
    UM US UY UZ VA VC VE VG VI VN VU WF WS XI YE YT ZA ZM ZW";

/// The members of the Union, by whose rules a VAT id begins with the letters of its country; Northern Ireland
/// (XI) and Greece as EL among them.
const UNION: &str =
    "AT BE BG CY CZ DE DK EE EL ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK XI";

fn among(list: &str, code: &str) -> bool {
    !code.is_empty() && list.split_ascii_whitespace().any(|one| one == code)
}

/// Whether two letters are a country.
pub fn is_country(code: &str) -> bool {
    among(COUNTRY, code)
}

/// Whether a country is a member of the Union.
pub fn is_of_union(code: &str) -> bool {
    among(UNION, code)
}

/// The unit of a quantity that counts something which has no code of its own.
pub const PIECE: &str = "C62";

/// Units as people write them, and their codes (UN/ECE Recommendation 20 and 21). `GB` as a code would be
/// gallons a day: what measures data is by its own code.
const UNITS: &[(&str, &str)] = &[
    ("", PIECE),
    ("pc", PIECE),
    ("pcs", PIECE),
    ("piece", PIECE),
    ("pieces", PIECE),
    ("unit", PIECE),
    ("units", PIECE),
    ("item", PIECE),
    ("items", PIECE),
    ("each", PIECE),
    ("seat", "IE"),
    ("seats", "IE"),
    ("user", "IE"),
    ("users", "IE"),
    ("call", "C0"),
    ("calls", "C0"),
    ("kb", "2P"),
    ("mb", "4L"),
    ("gb", "E34"),
    ("tb", "E35"),
    ("pb", "E36"),
    ("gib", "E62"),
    ("kwh", "KWH"),
    ("mwh", "MWH"),
    ("kw", "KWT"),
    ("m3", "MTQ"),
    ("l", "LTR"),
    ("kg", "KGM"),
    ("g", "GRM"),
    ("t", "TNE"),
    ("m", "MTR"),
    ("km", "KMT"),
    ("s", "SEC"),
    ("sec", "SEC"),
    ("second", "SEC"),
    ("seconds", "SEC"),
    ("min", "MIN"),
    ("minute", "MIN"),
    ("minutes", "MIN"),
    ("h", "HUR"),
    ("hour", "HUR"),
    ("hours", "HUR"),
    ("day", "DAY"),
    ("days", "DAY"),
    ("week", "WEE"),
    ("weeks", "WEE"),
    ("month", "MON"),
    ("months", "MON"),
    ("year", "ANN"),
    ("years", "ANN"),
];

/// The code of a unit as everybody writes it, in any case.
pub fn usual_unit(uom: &str) -> Option<&'static str> {
    let written = uom.trim().to_lowercase();
    UNITS.iter().find(|(word, _)| *word == written).map(|(_, code)| *code)
}

/// Whether a code can be one of Recommendation 20 or 21: two or three capitals and digits.
pub fn is_unit_code(code: &str) -> bool {
    (2..=3).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Whether the check digits of an IBAN are right (ISO 13616: modulo 97); blanks do not count.
pub fn is_iban(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if !(15..=34).contains(&plain.len()) || !plain.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return false;
    }
    let (country, check) = (&plain[..2], &plain[2..4]);
    if !country.bytes().all(|b| b.is_ascii_alphabetic())
        || !check.bytes().all(|b| b.is_ascii_digit())
    {
        return false;
    }
    let turned = format!("{}{}", &plain[4..], &plain[..4]).to_ascii_uppercase();
    modulo_97(&turned) == Some(1)
}

/// Whether the check digits of a creditor id are right (EPC262-08): modulo 97, without the three characters
/// of its business code.
pub fn is_creditor_id(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if !(8..=35).contains(&plain.len()) || !plain.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return false;
    }
    let turned = format!("{}{}", &plain[7..], &plain[..4]).to_ascii_uppercase();
    modulo_97(&turned) == Some(1)
}

/// The remainder by 97 of a text whose letters count from 10 for A (ISO 7064).
pub fn modulo_97(text: &str) -> Option<u32> {
    let mut rest = 0;
    for c in text.chars() {
        let value = c.to_digit(36)?;
        rest = (rest * if value > 9 { 100 } else { 10 } + value) % 97;
    }
    Some(rest)
}

/// A code with the scheme it is of, as `0106:12345678`; without a scheme the text alone.
pub fn coded(text: &str) -> (&str, &str) {
    match text.split_once(':') {
        Some((scheme, id)) if is_scheme(scheme) => (scheme, id.trim()),
        Some(_) | None => ("", text.trim()),
    }
}

/// Whether a text can be the scheme of an identifier: four digits (ISO 6523), or letters such as `EM`.
fn is_scheme(scheme: &str) -> bool {
    let four = scheme.len() == 4 && scheme.bytes().all(|b| b.is_ascii_digit());
    four || matches!(scheme, "EM" | "AN" | "AQ" | "AS" | "AU")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iban_is_right_by_its_check_digits() {
        for (iban, right) in [
            ("DE89370400440532013000", true),
            ("DE89 3704 0044 0532 0130 00", true),
            ("GB82WEST12345698765432", true),
            ("BE68539007547034", true),
            ("DE88370400440532013000", false),
            ("DE8937040044053201300", false),
            ("", false),
            ("8937DE0400440532013000", false),
        ] {
            assert_eq!(is_iban(iban), right, "{iban}");
        }
    }

    #[test]
    fn data_is_not_counted_in_gallons_a_day() {
        assert_eq!(usual_unit("GB"), Some("E34"));
        assert_eq!(usual_unit(" Seats "), Some("IE"));
        assert_eq!(usual_unit(""), Some("C62"));
        assert_eq!(usual_unit("fax page"), None);
        assert!(UNITS.iter().all(|(_, code)| is_unit_code(code)));
    }

    #[test]
    fn a_scheme_stands_before_a_colon() {
        assert_eq!(coded("0106:12345678"), ("0106", "12345678"));
        assert_eq!(coded("EM:ap@example.org"), ("EM", "ap@example.org"));
        assert_eq!(coded("HRB:12"), ("", "HRB:12"));
    }
}
