//! What banks and gateways send, written from a case's own words: camt.053, MT940, payments.csv, payouts.

use super::{Form, Play, milli, names, text};
use serde_json::Value;

impl Form {
    /// The forms in which a case's statements can come: only camt says parts of an entry and balances that do
    /// not add up.
    pub(super) fn of(case: &Value) -> Vec<Self> {
        let banks = || {
            let steps = case["steps"].as_array().unwrap().iter();
            steps.filter(|step| text(step, "do") == "bank")
        };
        if banks().next().is_none() {
            return vec![Self::Camt];
        }
        let parts = banks().any(|step| {
            step["lines"].as_array().unwrap().iter().any(|line| !line["details"].is_null())
        });
        if parts { vec![Self::Camt, Self::Csv] } else { vec![Self::Camt, Self::Mt940, Self::Csv] }
    }
}

/// Parts of a line: its details, or itself.
fn parts(line: &Value) -> Vec<&Value> {
    line["details"].as_array().map_or_else(|| vec![line], |all| all.iter().collect())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn unsigned(amount: &str) -> &str {
    amount.trim_start_matches('-')
}

fn side(amount: &str) -> &'static str {
    if amount.starts_with('-') { "DBIT" } else { "CRDT" }
}

fn last(step: &Value) -> String {
    let days = step["lines"].as_array().unwrap().iter().map(|line| text(line, "date"));
    days.max().unwrap_or(text(step, "on")).to_owned()
}

fn first(step: &Value) -> String {
    let days = step["lines"].as_array().unwrap().iter().map(|line| text(line, "date"));
    days.min().unwrap_or(text(step, "on")).to_owned()
}

pub(super) fn camt(step: &Value, id: &dyn Fn(&str) -> String) -> String {
    let currency = text(step, "currency");
    let balance = |code: &str, amount: &str, day: &str| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"{currency}\">{}</Amt>\
             <CdtDbtInd>{}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>",
            unsigned(amount),
            side(amount)
        )
    };
    let mut entries = String::new();
    for line in step["lines"].as_array().unwrap() {
        let amount = text(line, "amount");
        let mut inside = String::new();
        for part in parts(line) {
            let said = text(part, "amount");
            let some = |begin: &str, value: &str, end: &str| {
                if value.is_empty() {
                    String::new()
                } else {
                    format!("{begin}{}{end}", escaped(value))
                }
            };
            let name = text(part, "end_to_end");
            let name = if name.is_empty() { String::new() } else { id(name) };
            let refs = some("<Refs><EndToEndId>", &name, "</EndToEndId></Refs>");
            let charges = text(part, "charges");
            let charged = format!("<Chrgs><Rcrd><Amt Ccy=\"{currency}\">");
            let charges =
                some(&charged, charges, "</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd></Chrgs>");
            let iban = some(
                "<RltdPties><DbtrAcct><Id><Othr><Id>",
                text(part, "iban"),
                "</Id></Othr></Id></DbtrAcct></RltdPties>",
            );
            let words = some("<Ustrd>", text(part, "text"), "</Ustrd>");
            let quoted = some(
                "<Strd><CdtrRefInf><Ref>",
                text(part, "reference"),
                "</Ref></CdtrRefInf></Strd>",
            );
            let told = format!("{words}{quoted}");
            let told = if told.is_empty() { told } else { format!("<RmtInf>{told}</RmtInf>") };
            let code = some("<RtrInf><Rsn><Cd>", text(part, "code"), "</Cd></Rsn></RtrInf>");
            inside.push_str(&format!(
                "<TxDtls>{refs}<Amt Ccy=\"{currency}\">{}</Amt><CdtDbtInd>{}</CdtDbtInd>{charges}{iban}{told}{code}</TxDtls>",
                unsigned(said),
                side(said)
            ));
        }
        let reference = text(line, "ref");
        let reference = if reference.is_empty() {
            String::new()
        } else {
            format!("<AcctSvcrRef>{reference}</AcctSvcrRef>")
        };
        entries.push_str(&format!(
            "<Ntry><Amt Ccy=\"{currency}\">{}</Amt><CdtDbtInd>{}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
             <BookgDt><Dt>{}</Dt></BookgDt>{reference}<BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd>\
             <NtryDtls>{inside}</NtryDtls></Ntry>",
            unsigned(amount),
            side(amount),
            text(line, "date")
        ));
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\
         <BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-01-01T00:00:00</CreDtTm></GrpHdr>\
         <Stmt><Id>{}</Id><CreDtTm>2026-01-01T00:00:00</CreDtTm>\
         <Acct><Id><Othr><Id>12345</Id></Othr></Id><Ccy>{currency}</Ccy></Acct>{}{}{entries}</Stmt></BkToCstmrStmt></Document>",
        step["id"].as_str().unwrap_or("S"),
        balance("OPBD", text(step, "opening"), &first(step)),
        balance("CLBD", text(step, "closing"), &last(step)),
    )
}

pub(super) fn mt940(step: &Value, id: &dyn Fn(&str) -> String) -> String {
    let currency = text(step, "currency");
    let comma = |amount: &str| {
        let amount = unsigned(amount);
        if amount.contains('.') { amount.replace('.', ",") } else { format!("{amount},") }
    };
    let short = |day: &str| day[2..].replace('-', "");
    let mark = |amount: &str| if amount.starts_with('-') { "D" } else { "C" };
    let balance = |amount: &str, day: &str| {
        format!("{}{}{currency}{}", mark(amount), short(day), comma(amount))
    };
    let mut out = format!(
        ":20:{}\r\n:25:12345\r\n:28C:1/1\r\n:60F:{}\r\n",
        step["id"].as_str().unwrap_or("S"),
        balance(text(step, "opening"), &first(step))
    );
    for line in step["lines"].as_array().unwrap() {
        let (amount, day) = (text(line, "amount"), short(text(line, "date")));
        let reference = text(line, "ref");
        let bank = if reference.is_empty() { String::new() } else { format!("//{reference}") };
        out.push_str(&format!(
            ":61:{day}{}{}{}NTRFNONREF{bank}\r\n:86:166?00GUTSCHRIFT",
            &day[2..],
            mark(amount),
            comma(amount)
        ));
        let name = text(line, "end_to_end");
        let name = if name.is_empty() { String::new() } else { format!("EREF+{}", id(name)) };
        let words = format!("{name}SVWZ+{} {}", text(line, "text"), text(line, "reference"));
        let letters: Vec<char> = words.trim_end().chars().collect();
        // Banks cut after 27 characters, wherever that is.
        for (n, piece) in letters.chunks(27).enumerate() {
            out.push_str(&format!("?{}{}", 20 + n, piece.iter().collect::<String>()));
        }
        if !text(line, "iban").is_empty() {
            out.push_str(&format!("?31{}", text(line, "iban")));
        }
        out.push_str("\r\n");
    }
    out.push_str(&format!(":62F:{}\r\n-\r\n", balance(text(step, "closing"), &last(step))));
    out
}

pub(super) fn csv(step: &Value, id: &dyn Fn(&str) -> String) -> String {
    let mut out = "bank_account,entry_ref,booked_on,amount,currency,text,reference,payer,iban,end_to_end,code,charges,batch\n".to_owned();
    for (n, line) in step["lines"].as_array().unwrap().iter().enumerate() {
        let batch = if line["details"].is_null() { String::new() } else { format!("B{n}") };
        for part in parts(line) {
            let name = text(part, "end_to_end");
            let name = if name.is_empty() { String::new() } else { id(name) };
            out.push_str(&format!(
                "{},{},{},{},{},\"{}\",{},,{},{name},{},{},{batch}\n",
                text(step, "bank_account"),
                text(line, "ref"),
                text(line, "date"),
                text(part, "amount"),
                text(step, "currency"),
                text(part, "text"),
                text(part, "reference"),
                text(part, "iban"),
                text(part, "code"),
                text(part, "charges"),
            ));
        }
    }
    out
}

impl Play<'_> {
    /// What the case lets be short.
    pub(super) fn tolerance(&self) {
        let Some(all) = self.case["settings"]["tolerance"].as_object() else { return };
        let sums: Vec<String> =
            all.iter().map(|(code, sum)| format!("{code} {}", sum.as_str().unwrap())).collect();
        self.book.run(&["settings", "set", "match.tolerance", &sums.join(", ")]).ends(0);
    }

    pub(super) fn bank(&mut self, step: &Value) {
        let (name, currency) = (text(step, "bank_account"), text(step, "currency"));
        let there = self.book.run(&["bank", "account", "list", "--json"]).ends(0).json();
        if there.as_array().unwrap().iter().all(|one| one["name"] != *name) {
            self.book.run(&["bank", "account", "add", name, "--currency", currency]).ends(0);
        }
        let id = |name: &str| self.id(name);
        let file = match self.form {
            Form::Camt => self.book.file("statement.xml", camt(step, &id)),
            Form::Mt940 => self.book.file("statement.sta", mt940(step, &id)),
            Form::Csv => self.book.file("payments.csv", csv(step, &id)),
        };
        let mut args = vec!["bank", "import", &file, "--account", name];
        let moved = milli(text(step, "closing")) - milli(text(step, "opening"));
        let total = format!(
            "{}{}.{:03}",
            if moved < 0 { "-" } else { "" },
            moved.abs() / 1000,
            moved.abs() % 1000
        );
        let digits = if currency == "JPY" { 4 } else { 1 };
        let total = &total[..total.len() - digits];
        if self.form == Form::Csv {
            args.extend(["--control-total", total]);
        }
        let ran = self.run_as(step, &args);
        if !step["refused"].is_null() {
            return;
        }
        let done = ran.json();
        if let Some(of) = step["id"].as_str() {
            self.results["bank"][of] = done["statements"][0].clone();
        }
        let mut made = done["lines"].as_array().unwrap().iter();
        for line in step["lines"].as_array().unwrap() {
            for part in parts(line) {
                // Lines that are known already have no name in a case.
                let Some(id) = part["id"].as_str() else { continue };
                let mut one = made.next().unwrap().clone();
                self.ids.insert(id.to_owned(), text(&one, "line").to_owned());
                if let Some(payment) = one["payment"].as_str()
                    && !self.ids.values().any(|known| known == payment)
                {
                    self.ids.insert(format!("line:{id}"), payment.to_owned());
                }
                one["line"] = id.into();
                let applied: serde_json::Map<String, Value> = one["applied"]
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(|(number, sum)| (self.name(number), sum.clone()))
                    .collect();
                one["applied"] = applied.into();
                self.read.push(one);
            }
        }
    }

    /// An entry that its parts do not explain is refused by camt with its own code.
    fn run_as(&self, step: &Value, args: &[&str]) -> crate::harness::book::Ran {
        let mut step = step.clone();
        if self.form == Form::Csv && step["refused"] == "entry_does_not_add_up" {
            step["refused"] = "statement_does_not_add_up".into();
        }
        self.run(&step, args)
    }

    pub(super) fn payout(&mut self, step: &Value) {
        let mut rows = "payout_id,payout_date,currency,type,reference,gross,fee,net\n".to_owned();
        for row in step["rows"].as_array().unwrap() {
            rows.push_str(&format!(
                "{},{},{},{},{},{},{},{}\n",
                text(step, "id"),
                text(step, "date"),
                text(step, "currency"),
                text(row, "type"),
                self.id(text(row, "reference")),
                text(row, "gross"),
                text(row, "fee"),
                text(step, "net"),
            ));
        }
        let file = self.book.file("payouts.csv", rows);
        let done = self.run(step, &["gateway", "import", &file]).json();
        let mut one = done["payouts"][0].clone();
        for key in ["unknown", "wrong_amount"] {
            let named: Vec<Value> = names(&one, key).map(|id| self.name(id).into()).collect();
            one[key] = named.into();
        }
        self.results["payouts"][text(step, "id")] = one;
    }
}
