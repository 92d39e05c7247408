//! Which number an account of the ledger has in a chart of accounts.

/// A chart as it is where nobody says otherwise: ledger account, number, what it is called.
pub type Defaults = &'static [(&'static str, &'static str, &'static str)];

/// SKR03 (DATEV): accounts that book no tax by themselves, since the tax is an entry of its own.
pub const SKR03: Defaults = &[
    ("receivable", "1410", "Forderungen aus L+L ohne Kontokorrent"),
    ("credit", "1700", "Sonstige Verbindlichkeiten"),
    ("revenue", "8200", "Erlöse"),
    ("tax", "1770", "Umsatzsteuer"),
    ("cash", "1360", "Geldtransit"),
    ("cash:outside", "1200", "Bank"),
    ("transit", "1360", "Geldtransit"),
    ("unidentified", "1590", "Durchlaufende Posten"),
    ("bank_fee", "4970", "Nebenkosten des Geldverkehrs"),
    ("gateway_fee", "4970", "Nebenkosten des Geldverkehrs"),
    ("payment_difference", "8730", "Gewährte Skonti"),
    ("bad_debt", "2400", "Forderungsverluste"),
    ("deferred", "0990", "Passive Rechnungsabgrenzung"),
    ("opening", "9008", "Saldenvorträge Debitoren"),
    ("conversion", "9008", "Saldenvorträge Debitoren"),
];

/// The French plan comptable général.
pub const PCG: Defaults = &[
    ("receivable", "411000", "Clients"),
    ("credit", "419100", "Clients - avances et acomptes reçus"),
    ("revenue", "706000", "Prestations de services"),
    ("tax", "445710", "TVA collectée"),
    ("cash", "517000", "Autres organismes financiers"),
    ("cash:outside", "512000", "Banques"),
    ("transit", "580000", "Virements internes"),
    ("unidentified", "471000", "Comptes d'attente"),
    ("bank_fee", "627000", "Services bancaires et assimilés"),
    ("gateway_fee", "627000", "Services bancaires et assimilés"),
    ("payment_difference", "658000", "Charges diverses de gestion courante"),
    ("bad_debt", "654000", "Pertes sur créances irrécouvrables"),
    ("deferred", "487000", "Produits constatés d'avance"),
    ("opening", "890000", "Bilan d'ouverture"),
    ("conversion", "890000", "Bilan d'ouverture"),
];

/// A chart with what the issuer says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    own: Vec<(String, String)>,
    defaults: Defaults,
}

/// Number and name of an account, and whether that is a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    pub number: &'a str,
    /// Of a default what it is called, of another the ledger account.
    pub name: &'a str,
    pub is_default: bool,
}

impl Chart {
    /// Reads what an issuer says: `revenue:4010=8400; receivable=1400`; the error is the piece that is none.
    pub fn read(text: &str, defaults: Defaults) -> Result<Self, String> {
        let mut own = Vec::new();
        for piece in text.split(';').map(str::trim).filter(|piece| !piece.is_empty()) {
            let (ledger, number) = piece.split_once('=').ok_or_else(|| piece.to_owned())?;
            let (ledger, number) = (ledger.trim(), number.trim());
            let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            if ledger.is_empty() || !digits || number.len() > 9 {
                return Err(piece.to_owned());
            }
            own.push((ledger.to_owned(), number.to_owned()));
        }
        Ok(Self { own, defaults })
    }

    /// The account of a ledger account: its own, else that of the name before its colon.
    pub fn find<'a>(&'a self, ledger: &'a str) -> Option<Found<'a>> {
        let head = ledger.split(':').next().unwrap_or_default();
        [ledger, head].iter().find_map(|name| {
            let own = self.own.iter().find(|(known, _)| known == name);
            let own = own.map(|(_, n)| Found { number: n, name: ledger, is_default: false });
            own.or_else(|| {
                let known = self.defaults.iter().find(|(known, ..)| known == name);
                known.map(|(_, number, name)| Found { number, name, is_default: true })
            })
        })
    }

    /// The digits of its accounts: those of revenue.
    pub fn digits(&self) -> usize {
        self.find("revenue").map_or(4, |found| found.number.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_issuer_says_comes_first_and_the_narrower_name_before_the_wider() {
        let chart = Chart::read("revenue:4010=8400; cash = 1300;", SKR03).unwrap();
        for (ledger, number, is_default) in [
            ("revenue:4010", "8400", false),
            ("revenue:4020", "8200", true),
            ("revenue", "8200", true),
            ("cash:stripe", "1300", false),
            ("cash:outside", "1200", true),
            ("tax:V19", "1770", true),
        ] {
            let found = chart.find(ledger).unwrap();
            assert_eq!((found.number, found.is_default), (number, is_default), "{ledger}");
        }
        assert_eq!(chart.find("moon"), None);
        for bad in ["revenue", "=8400", "revenue=84a0", "revenue=1234567890"] {
            assert_eq!(Chart::read(bad, SKR03), Err(bad.to_owned()));
        }
    }
}
