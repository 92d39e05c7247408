//! Closed lists that an electronic invoice takes its codes from.

use crate::domain::e_invoice::Form;

/// Schemes of electronic addresses (CEF EAS, as the rules of EN 16931 of May 2025 have them).
const ADDRESS: &str = "0002 0007 0009 0037 0060 0088 0096 0097 0106 0130 0135 0142 0147 0151 0154 0158 \
    0170 0177 0183 0184 0188 0190 0191 0192 0193 0194 0195 0196 0198 0199 0200 0201 0202 0203 0204 0205 \
    0208 0209 0210 0211 0212 0213 0215 0216 0217 0218 0219 0220 0221 0225 0230 0235 0240 9910 9913 9914 \
    9915 9918 9919 9920 9922 9923 9924 9925 9926 9927 9928 9929 9930 9931 9932 9933 9934 9935 9936 9937 \
    9938 9939 9940 9941 9942 9943 9944 9945 9946 9947 9948 9949 9950 9951 9952 9953 9957 9959 AN AQ AS \
    AU EM";

/// Currencies that are no more: no rule set takes them, whatever the date.
const GONE: &str = "ANG BGN CUC HRK SLL VED ZWL";

fn among(list: &str, code: &str) -> bool {
    !code.is_empty() && list.split_ascii_whitespace().any(|one| one == code)
}

/// Whether a scheme can be that of an electronic address.
pub(super) fn is_address_scheme(scheme: &str) -> bool {
    among(ADDRESS, scheme)
}

/// Whether a scheme can be that of a registration: four digits of ISO 6523.
pub(super) fn is_register_scheme(scheme: &str) -> bool {
    scheme.len() == 4 && scheme.parse::<u16>().is_ok_and(|n| (2..=245).contains(&n))
}

/// Whether a currency is withdrawn.
pub(super) fn is_gone(currency: &str) -> bool {
    among(GONE, currency)
}

/// What a form says it follows (BT-24), and the business process (BT-23).
pub(super) fn profile(form: Form) -> (&'static str, Option<&'static str>) {
    const PROCESS: &str = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0";
    match form {
        Form::Xrechnung => {
            ("urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0", Some(PROCESS))
        }
        Form::Peppol => (
            "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0",
            Some(PROCESS),
        ),
        Form::FacturX | Form::Ubl | Form::Cii | Form::None => ("urn:cen.eu:en16931:2017", None),
    }
}
