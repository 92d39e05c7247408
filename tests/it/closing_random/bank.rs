//! What banks and gateways say, and what a person makes of it.

use super::Story;
use std::fmt::Write as _;

impl Story {
    /// A bank's file with one to three entries: named invoices, nobody's money, our own payments sent back, fees;
    /// one in six is loaded a second time.
    pub(super) fn statement(&mut self, invoices: &[String], payments: &[String], now: &str) {
        let mut file =
            "entry_ref,booked_on,amount,currency,text,iban,end_to_end,charges\n".to_owned();
        let on = self.near(60, 0);
        for _ in 0..=self.dice.roll(3) {
            let (amount, entry) = (self.amount(), self.dice.roll(1_000_000));
            let number = self.pick(invoices).unwrap_or_default();
            let payment = self.pick(payments).unwrap_or_default();
            let iban = ["", "DE89370400440532013000", "GB82WEST12345698765432"];
            let iban = iban[usize::try_from(self.dice.roll(3)).unwrap()];
            let _ = match self.dice.roll(5) {
                0 | 1 => writeln!(file, "R{entry},{on},{amount},EUR,{number},{iban},,"),
                2 => writeln!(file, "R{entry},{on},{amount},EUR,thanks,{iban},,"),
                3 => writeln!(file, "R{entry},{on},-{amount},EUR,back,,{payment},"),
                _ => writeln!(file, "R{entry},{on},-{amount},EUR,for the account,,,"),
            };
        }
        let path = self.book.file("payments.csv", file);
        let load = ["bank", "import", &path, "--account", "main", "--now", now];
        self.run(&load);
        if self.dice.roll(6) == 0 {
            let again = self.book.file("again.csv", std::fs::read(&path).unwrap());
            self.run(&["bank", "import", &again, "--account", "main", "--now", now]);
        }
    }

    /// A person's word about a line: whose it is, what it pays, our own, and taken back.
    pub(super) fn line(
        &mut self,
        invoices: &[String],
        payments: &[String],
        now: &str,
    ) -> Option<()> {
        let mut lines = self.ids(&["bank", "list"], "line", |_| true);
        lines.extend(self.ids(&["bank", "list", "--state", "Matched"], "line", |_| true));
        let line = self.pick(&lines)?;
        let mut words = vec!["bank"];
        let (invoice, payment, amount) =
            (self.pick(invoices)?, self.pick(payments).unwrap_or_default(), self.amount());
        match self.dice.roll(8) {
            0 | 1 => words.extend(["identify", &line, "--account", "A1"]),
            2 => words.extend(["identify", &line, "--account", "A2", "--amount", &amount]),
            3 => words.extend(["match", &line, "--to", &invoice]),
            4 => words.extend(["match", &line, "--payment", &payment]),
            5 => words.extend(["own", &line]),
            _ => words.extend(["unmatch", &line, "--reason", "x"]),
        }
        words.extend(["--now", now]);
        self.run(&words);
        Some(())
    }

    /// A payout of a gateway: what it was asked for, more, less, or something unknown.
    pub(super) fn payout(&mut self, payments: &[String], now: &str) {
        let of = |r: &serde_json::Value| r["gateway"] == "sandbox";
        let ours = self.ids(&["payment", "list"], "id", of);
        let from = if ours.is_empty() { payments } else { &ours };
        let payment = self.pick(from).unwrap_or_else(|| "ch_1".to_owned());
        let (gross, on, id) = (self.dice.roll(5_000) + 20, self.near(60, 0), self.dice.roll(1_000));
        let money = |minor: u64| format!("{}.{:02}", minor / 100, minor % 100);
        let (gross, net) = (money(gross), money(gross - 10));
        let file = format!(
            "payout_id,payout_date,currency,type,reference,gross,fee,net\n\
             po_{id},{on},EUR,charge,{payment},{gross},0.10,{net}\n"
        );
        let path = self.book.file("payouts.csv", file);
        self.run(&["gateway", "import", &path, "--now", now]);
        // The bank says the same, or not yet.
        if self.dice.roll(2) == 0 {
            let later = self.near(50, 0);
            let said = format!(
                "entry_ref,booked_on,amount,currency,text\nP{id}{later},{later},{net},EUR,po_{id}\n"
            );
            let path = self.book.file("payments.csv", said);
            self.run(&["bank", "import", &path, "--account", "main", "--now", now]);
        }
    }
}
