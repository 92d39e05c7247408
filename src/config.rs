//! Every setting of a book: key, default, what is allowed, what it does. One table.

mod allowed;

pub use allowed::{Allowed, flags, rising_days};

use crate::domain::series::Pattern;
use crate::zone;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The key, `group.name`.
    pub key: &'static str,
    /// The value until it is set.
    pub default: &'static str,
    /// What it takes.
    pub allowed: Allowed,
    /// What it does, one line.
    pub help: &'static str,
}

const fn s(
    key: &'static str,
    default: &'static str,
    allowed: Allowed,
    help: &'static str,
) -> Setting {
    Setting { key, default, allowed, help }
}

use Allowed::{
    Address, AmountOrEmpty, Bool, Days, Decimal as Dec, Flags, Host, Int, Series, StepOrEmpty,
    Text, Url, Waits, Words, Zone,
};
use allowed::{MOST, is_step};

/// The table, by group.
pub const SETTINGS: &[Setting] = &[
    s("book.time_zone", "UTC", Zone, "zone of the book's civil dates"),
    s(
        "clock.gap_days",
        "35",
        Int(2, 3660),
        "days without any work after which the clock is not believed until confirmed",
    ),
    s("issuer.name", "", Text(200), "who bills, as printed"),
    s("issuer.address", "", Text(500), "the issuer's address, lines separated by ;"),
    s("issuer.tax_id", "", Text(60), "the issuer's tax id, as printed"),
    s("issuer.bank", "", Text(300), "where to pay, lines separated by ;"),
    s("issuer.logo", "", Text(500), "a PNG file printed at the top; kept in the book"),
    s("issuer.footer", "", Text(300), "last line of every page"),
    s(
        "proration.month_basis",
        "actual",
        Words(&["actual", "actual_360", "strict_30_360"]),
        "how a part month is measured",
    ),
    s(
        "proration.long_periods",
        "by_month",
        Words(&["by_month", "by_day"]),
        "how a part of a longer period is measured",
    ),
    s("proration.bill_partial_month", "true", Bool, "whether a part month is billed"),
    s("proration.prorate", "true", Bool, "whether the last period is billed in part"),
    s(
        "usage.group",
        "billing_period",
        Words(&["billing_period", "start_date", "record"]),
        "what usage is rated together",
    ),
    s(
        "usage.late",
        "hold",
        Words(&["hold", "next_run"]),
        "usage of a period that is billed already",
    ),
    s(
        "usage.without_records",
        "zero_line",
        Words(&["zero_line", "no_line"]),
        "a usage charge without records",
    ),
    s(
        "memo.rule",
        "net_negative",
        Words(&["net_negative", "net_negative_by_charge", "all_negative"]),
        "when negative charges become a credit memo",
    ),
    s(
        "rounding.mode",
        "half_up",
        Words(&["half_up", "half_even", "up", "down"]),
        "how amounts are rounded",
    ),
    s(
        "rounding.increment",
        "",
        StepOrEmpty,
        "smallest step of an amount; empty = the currency's minor unit",
    ),
    s(
        "tax.point",
        "invoice_date",
        Words(&["invoice_date", "service_end"]),
        "which date chooses the tax rate",
    ),
    s(
        "write_off.tax",
        "none",
        Words(&["none", "now"]),
        "whether a write-off gives the tax of what is lost back on its day (bad debt is net then)",
    ),
    s("sql.rows", "10000", Int(1, 1_000_000), "rows of one daybook sql, at most"),
    s("sql.seconds", "30", Int(1, 600), "seconds of one daybook sql, at most: it holds the log"),
    s("series.invoice", "INV-{year}-{seq:6}", Series, "invoice numbers"),
    s("series.credit_memo", "CM-{year}-{seq:6}", Series, "credit memo numbers"),
    s("series.debit_memo", "DM-{year}-{seq:6}", Series, "debit memo numbers"),
    s("series.write_off", "WO-{year}-{seq:6}", Series, "write-off numbers"),
    s(
        "series.dates",
        "warn",
        Words(&["warn", "refuse"]),
        "what is dated before the last number of its series: posted with a warning, or not posted",
    ),
    s(
        "post.require_review",
        "none",
        Words(&["none", "flagged", "all"]),
        "which drafts must be accepted before they post",
    ),
    s("flags.total_high", "2.5", Dec(MOST), "times the last invoice"),
    s("flags.total_low", "0.4", Dec(MOST), "times the last invoice"),
    s("flags.recurring_changed", "2", Dec(MOST), "percent"),
    s("flags.usage_changed", "50", Dec(MOST), "percent"),
    s("flags.back_billing", "2", Int(0, 1000), "past periods of one charge"),
    s("review.sample", "60", Int(0, 1000), "unflagged drafts of a run to look at"),
    s(
        "mail.transport",
        "drop",
        Words(&["drop", "smtp"]),
        "where e-mail goes: a folder beside the book, or a server",
    ),
    s("smtp.host", "", Host, "mail server"),
    s("smtp.port", "587", Int(1, 65535), "its port"),
    s(
        "smtp.tls",
        "starttls",
        Words(&["starttls", "wrapper", "none"]),
        "how the connection is secured",
    ),
    s("smtp.user", "", Text(255), "login; empty = none"),
    s(
        "smtp.secret_file",
        "",
        Text(500),
        "file with the password, readable by its owner only: its name in secrets/ beside the book, or that of a systemd credential",
    ),
    s(
        "smtp.ca_file",
        "",
        Text(500),
        "PEM file of a private certificate authority to trust as well",
    ),
    s("smtp.from", "", Address, "sender address"),
    s("smtp.connections", "4", Int(1, 32), "connections at once"),
    s(
        "delivery.hold_minutes",
        "10",
        Int(0, 10_080),
        "how long an e-mail can be recalled before it goes",
    ),
    s(
        "delivery.unconfirmed",
        "ask",
        Words(&["ask", "resend"]),
        "an e-mail lost after its data: ask a person, or send again",
    ),
    s(
        "backup.every",
        "never",
        Words(&["never", "hourly", "daily", "weekly"]),
        "how often daybook worker copies the book",
    ),
    s("backup.keep", "14", Int(1, 10_000), "copies that are kept; the oldest go first"),
    s(
        "backup.to",
        "",
        Text(500),
        "directory of the copies, of the worker's user alone; empty = backups/ beside the book",
    ),
    s(
        "worker.wait_seconds",
        "60",
        Int(0, 86_400),
        "how long a call follows work that only a worker can do before it says that none is there",
    ),
    s("automation.auto_post", "false", Bool, "Support bill run auto-post"),
    s(
        "automation.retry",
        "false",
        Bool,
        "whether a worker retries failed payments when they are due",
    ),
    s(
        "automation.guard_percent",
        "30",
        Dec(MOST),
        "how far a run may be off its last cycle and still post by itself",
    ),
    s(
        "automation.stop_flags",
        "duplicate,back_billing",
        Flags,
        "flags that keep a run from posting by itself",
    ),
    s(
        "automation.guard_failed_accounts",
        "0",
        Int(0, 1_000_000),
        "failed accounts a run may have and still post by itself",
    ),
    s(
        "payment.gateway",
        "sandbox",
        Words(&["sandbox", "stripe"]),
        "gateway of methods that name none",
    ),
    s("payment.concurrency", "16", Int(1, 256), "gateway calls at once"),
    s("payment.wait_hours", "4", Int(0, 48), "how long a payment run waits for its bill run"),
    s(
        "payment.guard_percent",
        "30",
        Dec(MOST),
        "percent a scheduled payment run may ask for above any run of its schedule in the last 35 days",
    ),
    s("sandbox.latency_ms", "0", Int(0, 60_000), "simulated time of a sandbox call"),
    s("sandbox.outage", "false", Bool, "the sandbox answers nothing"),
    s(
        "sandbox.clock_minutes",
        "0",
        Int(-600_000, 600_000),
        "how far the sandbox's own clock is ahead of the book's",
    ),
    s(
        "sandbox.visible_after_minutes",
        "0",
        Int(0, 600_000),
        "how long the sandbox's look-ups show nothing of a charge",
    ),
    s(
        "stripe.secret_file",
        "",
        Text(500),
        "file with the key (sk_… or rk_…), readable by its owner only: its name in secrets/ beside the book, or that of a systemd credential",
    ),
    s("stripe.base_url", "https://api.stripe.com", Url, "where Stripe answers"),
    s(
        "retry.soft",
        "24h,72h,120h",
        Waits,
        "wait after each soft decline: Nh, Nd or Nd@HH; the list's end gives up",
    ),
    s("retry.system", "1h,4h,24h", Waits, "wait after each failure of the gateway"),
    s("retry.unknown", "24h", Waits, "wait after each decline with a code nobody knows"),
    s(
        "retry.max_failures",
        "4",
        Int(1, 100),
        "consecutive failures of one method before it is left alone",
    ),
    s("retry.min_gap_hours", "1", Int(0, 1000), "least time between two tries of one invoice"),
    s(
        "retry.fallback",
        "false",
        Bool,
        "where the first method may not be charged, charge the next by priority",
    ),
    s(
        "retry.visa_30_days",
        "15",
        Int(1, 100),
        "tries of one Visa card in 30 days (a cautious default: the network counts by its own rules)",
    ),
    s(
        "retry.mastercard_24_hours",
        "10",
        Int(1, 100),
        "tries of one Mastercard in 24 hours (a cautious default)",
    ),
    s(
        "retry.mastercard_30_days",
        "35",
        Int(1, 100),
        "tries of one Mastercard in 30 days (a cautious default)",
    ),
    s("reminder.levels", "7,21,45", Days, "days overdue of each reminder level"),
    s(
        "import.ask_above_charges",
        "100",
        Int(0, 1_000_000),
        "changed billed charges above which an import asks",
    ),
    s("import.ask_above_percent", "5", Int(0, 100), "the same as a share of all billed charges"),
    s(
        "four_eyes.above",
        "",
        AmountOrEmpty,
        "amount above which what one person does to one account in 24 hours needs a second: posting, memos, write-offs, refunds, loaded open items; and what it owes when its money or documents go elsewhere; empty = never",
    ),
    s(
        "four_eyes.method_above",
        "",
        AmountOrEmpty,
        "what an account owes above which another payment method, or auto-pay on, needs a second person; 0 = whatever it owes; empty = by four_eyes.above",
    ),
    s(
        "four_eyes.address_above",
        "",
        AmountOrEmpty,
        "what an account owes above which another e-mail domain, or another postal address of printed documents, needs a second person; 0 = whatever it owes; empty = by four_eyes.above",
    ),
    s(
        "four_eyes.settings",
        "true",
        Bool,
        "while one of the amounts above is set and somebody else may, a second admin confirms another issuer.bank, issuer.footer, Stripe key or address, four_eyes.* or separation.window",
    ),
    s(
        "four_eyes.price_charges",
        "0",
        Int(0, 1_000_000),
        "prices that one person may change in 24 hours before a second must confirm; 0 = any number",
    ),
    s(
        "four_eyes.price_percent",
        "0",
        Dec(MOST),
        "a price that moves by no more than so many percent does not count there",
    ),
    s(
        "separation.window",
        "90",
        Int(1, 36_500),
        "days in which who recorded a payment on an account gives nothing up there, and the other way round",
    ),
];

/// The definition of a key.
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|s| s.key == key)
}

/// The series of numbers, each kind of document its own.
pub const SERIES: [&str; 4] =
    ["series.invoice", "series.credit_memo", "series.debit_memo", "series.write_off"];

/// The settings of a book, read once.
#[derive(Debug, Clone, Default)]
pub struct Config {
    set: BTreeMap<String, String>,
}

impl Config {
    /// From the values that were set.
    pub fn new(set: BTreeMap<String, String>) -> Self {
        Self { set }
    }

    /// The value of a key, set or default; empty for an unknown key.
    pub fn get(&self, key: &str) -> &str {
        match self.set.get(key) {
            Some(value) => value,
            None => find(key).map_or("", |s| s.default),
        }
    }

    /// Whether somebody set it, be it to the default.
    pub fn is_set(&self, key: &str) -> bool {
        self.set.contains_key(key)
    }

    /// A whole number.
    pub fn int(&self, key: &str) -> i64 {
        self.get(key).parse().unwrap_or_default()
    }

    /// A decimal; none when empty. One beyond what is allowed (an older book may hold it) counts as
    /// the most that is.
    pub fn decimal(&self, key: &str) -> Option<Decimal> {
        let value: Decimal = self.get(key).parse().ok()?;
        match find(key).map(|s| s.allowed) {
            Some(Dec(most)) => Some(value.clamp(Decimal::ZERO, Decimal::from(most)).round_dp(6)),
            Some(StepOrEmpty) => Some(value).filter(|v| is_step(*v)),
            Some(_) | None => Some(value),
        }
    }

    /// A key whose stored value is not of its kind at all, and the value. One that is merely beyond
    /// what is allowed by now (an older book may hold it) can be read.
    pub fn unreadable(&self) -> Option<(&str, &str)> {
        let stored = self.set.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        stored
            .filter(|(key, value)| find(key).is_some_and(|s| !s.allowed.reads(value)))
            .min_by_key(|(key, _)| *key)
    }

    /// A yes or no.
    pub fn is(&self, key: &str) -> bool {
        self.get(key) == "true"
    }

    /// The book's time zone.
    pub fn zone(&self) -> zone::Zone {
        self.get("book.time_zone").parse().unwrap_or(zone::Zone::UTC)
    }

    /// The same settings with one changed, for checking a combination before it is stored.
    pub fn with(&self, key: &str, value: &str) -> Self {
        let mut set = self.set.clone();
        set.insert(key.to_owned(), value.to_owned());
        Self { set }
    }

    /// Where the settings contradict one another.
    pub fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.is("proration.bill_partial_month") && !self.is("proration.prorate") {
            found.push(
                "proration.bill_partial_month = true needs proration.prorate = true; set \
                 bill_partial_month to false first"
                    .to_owned(),
            );
        }
        for (i, one) in SERIES.iter().enumerate() {
            for other in SERIES.iter().skip(i + 1) {
                let both = (Pattern::parse(self.get(one)), Pattern::parse(self.get(other)));
                if let (Some(a), Some(b)) = both
                    && a.meets(&b)
                {
                    found.push(format!(
                        "{one} = {} and {other} = {} can give the same number; give each its own \
                         letters",
                        self.get(one),
                        self.get(other)
                    ));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_allowed_and_keys_are_unique() {
        for (i, setting) in SETTINGS.iter().enumerate() {
            assert_eq!(setting.allowed.check(setting.default), Ok(()), "{}", setting.key);
            assert!(SETTINGS.iter().skip(i + 1).all(|o| o.key != setting.key), "{}", setting.key);
            if let Words(words) = setting.allowed {
                assert_eq!(words.first(), Some(&setting.default), "{}", setting.key);
            }
        }
        assert_eq!(Config::default().contradictions(), Vec::<String>::new());
        let odd = Config::default().with("proration.prorate", "false");
        assert_eq!(odd.contradictions().len(), 1);
        let same = Config::default().with("series.credit_memo", "inv-{year}-{seq:5}");
        assert_eq!(same.contradictions().len(), 1, "{:?}", same.contradictions());
    }

    #[test]
    fn bad_values_are_refused() {
        for (key, bad) in [
            ("series.invoice", "INV"),
            ("series.invoice", "{seq:0}"),
            ("series.invoice", "../{seq:6}"),
            ("rounding.increment", "-1"),
            ("rounding.increment", "1e3"),
            ("book.time_zone", "Mars"),
            ("proration.prorate", "yes"),
            ("smtp.port", "0"),
            ("smtp.port", "+25"),
            ("smtp.host", "a b"),
            ("smtp.from", "nobody"),
            ("smtp.from", "a@b c"),
            ("stripe.base_url", "http://api.stripe.com"),
            ("stripe.base_url", "https://"),
            ("stripe.base_url", "https://user@host"),
            ("stripe.base_url", "https://host:99999"),
            ("stripe.base_url", "file:///etc/passwd"),
            ("rounding.increment", "0.015"),
            ("rounding.increment", "1.5"),
            ("flags.total_high", "79228162514264337593543950335"),
            ("flags.total_high", "1e3"),
            ("flags.total_high", "0.0000001"),
            ("four_eyes.above", "79228162514264337593543950335"),
            ("retry.soft", "soon"),
            ("retry.soft", "24h;72h"),
            ("reminder.levels", "21,7"),
            ("reminder.levels", "99999"),
            ("automation.stop_flags", "duplicates"),
            ("issuer.name", "Acme\nGmbH"),
            ("issuer.name", "Acme 4242 4242 4242 4242"),
        ] {
            assert!(find(key).unwrap().allowed.check(bad).is_err(), "{key} {bad}");
        }
        // What is too long is told the limit of its own.
        for (key, most) in [("issuer.name", 200), ("issuer.footer", 300), ("retry.soft", 200)] {
            let said = find(key).unwrap().allowed.check(&"x".repeat(501)).unwrap_err();
            assert_eq!(said, format!("is longer than {most} characters"), "{key}");
        }
        for (key, good) in [
            ("smtp.host", "mail.example.org"),
            ("smtp.host", "::1"),
            ("smtp.from", "billing@example.org"),
            ("stripe.base_url", "http://127.0.0.1:8420"),
            ("stripe.base_url", "http://[::1]:8420"),
            ("stripe.base_url", "https://proxy.example/stripe"),
            ("rounding.increment", "0.05"),
            ("rounding.increment", "0.5"),
            ("rounding.increment", "0.001"),
            ("retry.soft", ""),
            ("retry.soft", "24h, 3d@09"),
            ("reminder.levels", ""),
            ("automation.stop_flags", "duplicate, stale"),
        ] {
            assert_eq!(find(key).unwrap().allowed.check(good), Ok(()), "{key} {good}");
        }
    }
}
