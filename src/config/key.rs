//! The table of settings, by group. Whoever asks for a setting names its constant, so that a key that
//! does not exist does not compile.

use super::Setting;
use super::allowed::Allowed::{
    Address, AmountOrEmpty, BaseRates, Bool, Coded, Days, Decimal, Flags, Host, Int, Lines, Series,
    StepOrEmpty, Sums, Text, TimeOrEmpty, Url, Waits, Words, Zone,
};
use super::allowed::{Code, MOST};
use crate::domain::deferral::Rule;

/// `NAME: "the.key" = "default", what is allowed, "what it does";`, a constant each, and all of them.
macro_rules! settings {
    ($($name:ident: $key:literal = $default:literal, $allowed:expr, $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $name: &Setting =
                &Setting { key: $key, default: $default, allowed: $allowed, help: $help };
        )*

        /// Every setting, by group.
        pub const SETTINGS: &[&Setting] = &[$($name),*];

        #[cfg(test)]
        const NAMES: &[(&str, &Setting)] = &[$((stringify!($name), $name)),*];
    };
}

settings! {
    BOOK_TIME_ZONE: "book.time_zone" = "UTC", Zone, "zone of the book's civil dates";
    CLOCK_GAP_DAYS: "clock.gap_days" = "35", Int(2, 3660),
        "days without any work after which the clock is not believed until confirmed";
    DAY_BANK_BY: "day.bank_by" = "", TimeOrEmpty,
        "cut-off of the day: the bank is read by this time (daybook bank read-until); empty = none";
    DAY_POST_BY: "day.post_by" = "", TimeOrEmpty,
        "cut-off of the day: bills are posted by this time; empty = none";
    DAY_COLLECT_BY: "day.collect_by" = "", TimeOrEmpty,
        "cut-off of the day: the payment run, and its file for the bank, is out by this time; empty = none";
    ISSUER_NAME: "issuer.name" = "", Text(200), "who bills, as printed";
    ISSUER_ADDRESS: "issuer.address" = "", Lines(500), "the issuer's address, lines separated by ;";
    ISSUER_TAX_ID: "issuer.tax_id" = "", Text(60), "the issuer's tax id, as printed";
    ISSUER_BANK: "issuer.bank" = "", Lines(300), "where to pay, lines separated by ;";
    ISSUER_COUNTRY: "issuer.country" = "", Coded(Code::Country), "the issuer's country, two letters (ISO 3166-1)";
    ISSUER_CURRENCY: "issuer.currency" = "", Coded(Code::Currency),
        "the currency that the issuer's books and tax are in; empty: that of its country";
    BOOKS_YEAR_STARTS: "books.year_starts" = "1", Int(1, 12), "month in which the fiscal year begins, for exports";
    DATEV_CONSULTANT: "datev.consultant" = "1001", Int(1001, 9_999_999), "Beraternummer in files for DATEV";
    DATEV_CLIENT: "datev.client" = "1", Int(1, 99_999), "Mandantennummer in files for DATEV";
    DATEV_ACCOUNTS: "datev.accounts" = "", Lines(2_000),
        "numbers of accounts for DATEV, NAME=NUMBER separated by ;, where not those of SKR03";
    FEC_ACCOUNTS: "fec.accounts" = "", Lines(2_000),
        "numbers of accounts for the FEC, NAME=NUMBER separated by ;, where not those of the PCG";
    ISSUER_STREET: "issuer.street" = "", Text(200), "street of the issuer, for e-invoices";
    ISSUER_POSTCODE: "issuer.postcode" = "", Text(20), "postcode of the issuer, for e-invoices";
    ISSUER_CITY: "issuer.city" = "", Text(100), "city of the issuer, for e-invoices";
    ISSUER_TAX_NUMBER: "issuer.tax_number" = "", Text(60),
        "number at the tax office (in Germany the Steuernummer), for e-invoices";
    ISSUER_REGISTER_ID: "issuer.register_id" = "", Text(60),
        "registration of the issuer, for e-invoices; its scheme before a colon";
    ISSUER_ELECTRONIC_ADDRESS: "issuer.electronic_address" = "", Text(100),
        "electronic address of the issuer with its scheme, such as 9930:DE123456789";
    ISSUER_CONTACT: "issuer.contact" = "", Text(100), "whom customers ask, for e-invoices";
    ISSUER_PHONE: "issuer.phone" = "", Text(40), "telephone number of the contact";
    ISSUER_EMAIL: "issuer.email" = "", Address, "e-mail address of the contact";
    ISSUER_IBAN: "issuer.iban" = "", Coded(Code::Iban), "where to pay, printed on what is paid by transfer and in e-invoices";
    ISSUER_BIC: "issuer.bic" = "", Coded(Code::Bic), "its bank";
    ISSUER_REFERENCE: "issuer.reference" = "rf", Words(&["rf", "belgian", "number"]),
        "what who pays by transfer quotes, once issuer.iban is set: a creditor reference (ISO 11649), the Belgian form, the number";
    ISSUER_CODE: "issuer.code" = "true", Bool,
        "print the code that fills in a transfer in euro (EPC069-12), once issuer.iban is set";
    ISSUER_CREDITOR_ID: "issuer.creditor_id" = "", Coded(Code::CreditorId), "creditor id of SEPA debits";
    E_INVOICE_FORM: "e_invoice.form" = "none",
        Words(&["none", "xrechnung", "peppol", "factur-x", "ubl", "cii"]),
        "form of the electronic invoices of accounts that name none";
    ISSUER_TURNOVER: "issuer.turnover" = "", AmountOrEmpty,
        "the issuer's turnover of last year, where a law asks for it; empty: as if above every bound";
    REGIME_ENFORCE: "regime.enforce" = "block", Words(&["block", "warn"]),
        "whether a draft in another form than the law wants is kept from being posted (assets/regimes.csv)";
    E_INVOICE_UNITS: "e_invoice.units" = "", Lines(2000),
        "units of this book and their codes (UN/ECE Recommendation 20), such as fax page=C62; desk=XDK";
    ISSUER_LANGUAGE: "issuer.language" = "en", Coded(Code::Language),
        "language of documents, mails and reminders of accounts that name none";
    TEXTS_FILE: "texts.file" = "", Text(500),
        "a TOML file of texts that documents and mails say instead of daybook's (daybook settings texts de shows them); kept in the book";
    ISSUER_LOGO: "issuer.logo" = "", Text(500), "a PNG file printed at the top; kept in the book";
    ISSUER_FOOTER: "issuer.footer" = "", Text(300), "last line of every page";
    PRORATION_MONTH_BASIS: "proration.month_basis" = "actual",
        Words(&["actual", "actual_360", "strict_30_360"]),
        "how a part month is measured";
    PRORATION_LONG_PERIODS: "proration.long_periods" = "by_month", Words(&["by_month", "by_day"]),
        "how a part of a longer period is measured";
    PRORATION_BILL_PARTIAL_MONTH: "proration.bill_partial_month" = "true", Bool,
        "whether a part month is billed";
    PRORATION_PRORATE: "proration.prorate" = "true", Bool,
        "whether the last period is billed in part";
    USAGE_GROUP: "usage.group" = "billing_period",
        Words(&["billing_period", "start_date", "record"]),
        "what usage is rated together";
    USAGE_LATE: "usage.late" = "hold", Words(&["hold", "next_run"]),
        "usage of a period that is billed already";
    USAGE_WITHOUT_RECORDS: "usage.without_records" = "zero_line", Words(&["zero_line", "no_line"]),
        "a usage charge without records";
    MEMO_RULE: "memo.rule" = "net_negative",
        Words(&["net_negative", "net_negative_by_charge", "all_negative"]),
        "when negative charges become a credit memo";
    ROUNDING_MODE: "rounding.mode" = "half_up", Words(&["half_up", "half_even", "up", "down"]),
        "how amounts are rounded";
    ROUNDING_INCREMENT: "rounding.increment" = "", StepOrEmpty,
        "smallest step of an amount; empty = the currency's minor unit";
    TAX_POINT: "tax.point" = "invoice_date", Words(&["invoice_date", "service_end"]),
        "which date chooses the tax rate";
    REVENUE_RECOGNITION: "revenue.recognition" = "at_posting", Words(Rule::WORDS),
        "when revenue is earned: when it is posted, or day by day over the service days of a line (closing a month releases it)";
    UNBILLED_ACCRUAL: "unbilled.accrual" = "false", Bool,
        "whether closing a month books what is delivered and not billed as revenue, taken back on the next day";
    WRITE_OFF_TAX: "write_off.tax" = "none", Words(&["none", "now"]),
        "whether a write-off gives the tax of what is lost back on its day (bad debt is net then)";
    SQL_ROWS: "sql.rows" = "10000", Int(1, 1_000_000), "rows of one daybook sql, at most";
    SQL_SECONDS: "sql.seconds" = "30", Int(1, 600),
        "seconds of one daybook sql, at most: it holds the log";
    SERIES_INVOICE: "series.invoice" = "INV-{year}-{seq:6}", Series, "invoice numbers";
    SERIES_CREDIT_MEMO: "series.credit_memo" = "CM-{year}-{seq:6}", Series, "credit memo numbers";
    SERIES_DEBIT_MEMO: "series.debit_memo" = "DM-{year}-{seq:6}", Series, "debit memo numbers";
    SERIES_WRITE_OFF: "series.write_off" = "WO-{year}-{seq:6}", Series, "write-off numbers";
    SERIES_DUNNING: "series.dunning" = "DF-{year}-{seq:6}", Series,
        "numbers of damages for late payment that reminders claim";
    SERIES_VOID: "series.void" = "VC-{year}-{seq:6}", Series,
        "numbers of internal cancelations of what a network refused";
    SERIES_DATES: "series.dates" = "warn", Words(&["warn", "refuse"]),
        "what is dated before the last number of its series: posted with a warning, or not posted";
    POST_REQUIRE_REVIEW: "post.require_review" = "none", Words(&["none", "flagged", "all"]),
        "which drafts must be accepted before they post";
    FLAGS_TOTAL_HIGH: "flags.total_high" = "2.5", Decimal(MOST), "times the last invoice";
    FLAGS_TOTAL_LOW: "flags.total_low" = "0.4", Decimal(MOST), "times the last invoice";
    FLAGS_RECURRING_CHANGED: "flags.recurring_changed" = "2", Decimal(MOST), "percent";
    FLAGS_USAGE_CHANGED: "flags.usage_changed" = "50", Decimal(MOST), "percent";
    FLAGS_BACK_BILLING: "flags.back_billing" = "2", Int(0, 1000), "past periods of one charge";
    REVIEW_SAMPLE: "review.sample" = "60", Int(0, 1000), "unflagged drafts of a run to look at";
    MAIL_TRANSPORT: "mail.transport" = "drop", Words(&["drop", "smtp"]),
        "where e-mail goes: a folder beside the book, or a server";
    SMTP_HOST: "smtp.host" = "", Host, "mail server";
    SMTP_PORT: "smtp.port" = "587", Int(1, 65535), "its port";
    SMTP_TLS: "smtp.tls" = "starttls", Words(&["starttls", "wrapper", "none"]),
        "how the connection is secured";
    SMTP_USER: "smtp.user" = "", Text(255), "login; empty = none";
    SMTP_SECRET_FILE: "smtp.secret_file" = "", Text(500),
        "file with the password, readable by its owner only: its name in secrets/ beside the book, or that of a systemd credential";
    SMTP_CA_FILE: "smtp.ca_file" = "", Text(500),
        "PEM file of a private certificate authority to trust as well";
    SMTP_FROM: "smtp.from" = "", Address, "sender address";
    MAIL_BOUNCES: "mail.bounces" = "", Text(500),
        "a maildir that reports of mail servers come to; whoever works reads it once a minute";
    SMTP_CONNECTIONS: "smtp.connections" = "4", Int(1, 32), "connections at once";
    SMTP_PER_DOMAIN: "smtp.per_domain" = "2", Int(1, 32),
        "of these, how many carry mail to one recipient domain; it takes more messages by and by";
    NETWORK_TRANSPORT: "network.transport" = "folder", Words(&["folder", "command"]),
        "how e-invoices go to a network or platform: into a folder, or by a program (help delivery)";
    NETWORK_OUTBOX: "network.outbox" = "", Text(500),
        "the folder that e-invoices for the network are put into; empty = beside the book";
    NETWORK_SECONDS: "network.seconds" = "60", Int(1, 3_600),
        "how long the program may take for one e-invoice";
    NETWORK_RECEIPTS: "network.receipts" = "", Text(500),
        "a folder that receipts of the network come to; whoever works reads it once a minute";

    DELIVERY_HOLD_MINUTES: "delivery.hold_minutes" = "10", Int(0, 10_080),
        "how long an e-mail can be recalled before it goes";
    DELIVERY_UNCONFIRMED: "delivery.unconfirmed" = "ask", Words(&["ask", "resend"]),
        "an e-mail lost after its data: ask a person, or send again";
    PRINT_DUPLEX: "print.duplex" = "false", Bool,
        "print batches are printed on both sides: each document begins on a sheet of its own";
    PRINT_COVER: "print.cover" = "false", Bool,
        "a sheet with its counts and sums goes before the documents of a print batch";
    BACKUP_EVERY: "backup.every" = "never", Words(&["never", "hourly", "daily", "weekly"]),
        "how often daybook worker copies the book";
    BACKUP_KEEP: "backup.keep" = "14", Int(1, 10_000), "copies that are kept; the oldest go first";
    BACKUP_TO: "backup.to" = "", Text(500),
        "directory of the copies, of the worker's user alone; empty = backups/ beside the book";
    WORKER_WAIT_SECONDS: "worker.wait_seconds" = "60", Int(0, 86_400),
        "how long a call follows work that only a worker can do before it says that none is there";
    AUTOMATION_AUTO_POST: "automation.auto_post" = "false", Bool, "Support bill run auto-post";
    AUTOMATION_RETRY: "automation.retry" = "false", Bool,
        "whether a worker retries failed payments when they are due";
    AUTOMATION_GUARD_PERCENT: "automation.guard_percent" = "30", Decimal(MOST),
        "how far a run may be off its last cycle and still post by itself";
    AUTOMATION_STOP_FLAGS: "automation.stop_flags" = "duplicate,back_billing", Flags,
        "flags that keep a run from posting by itself";
    AUTOMATION_GUARD_FAILED_ACCOUNTS: "automation.guard_failed_accounts" = "0", Int(0, 1_000_000),
        "failed accounts a run may have and still post by itself";
    PAYMENT_GATEWAY: "payment.gateway" = "sandbox", Words(&["sandbox", "stripe"]),
        "gateway of methods that name none";
    PAYMENT_CONCURRENCY: "payment.concurrency" = "16", Int(1, 256), "gateway calls at once";
    PAYMENT_WAIT_HOURS: "payment.wait_hours" = "4", Int(0, 48),
        "how long a payment run waits for its bill run";
    PAYMENT_GUARD_PERCENT: "payment.guard_percent" = "30", Decimal(MOST),
        "percent a scheduled payment run may ask for above any run of its schedule in the last 35 days";
    SANDBOX_LATENCY_MS: "sandbox.latency_ms" = "0", Int(0, 60_000),
        "simulated time of a sandbox call";
    SANDBOX_OUTAGE: "sandbox.outage" = "false", Bool, "the sandbox answers nothing";
    SANDBOX_CLOCK_MINUTES: "sandbox.clock_minutes" = "0", Int(-600_000, 600_000),
        "how far the sandbox's own clock is ahead of the book's";
    SANDBOX_VISIBLE_AFTER_MINUTES: "sandbox.visible_after_minutes" = "0", Int(0, 600_000),
        "how long the sandbox's look-ups show nothing of a charge";
    STRIPE_SECRET_FILE: "stripe.secret_file" = "", Text(500),
        "file with the key (sk_… or rk_…), readable by its owner only: its name in secrets/ beside the book, or that of a systemd credential";
    STRIPE_BASE_URL: "stripe.base_url" = "https://api.stripe.com", Url, "where Stripe answers";
    RETRY_SOFT: "retry.soft" = "24h,72h,120h", Waits,
        "wait after each soft decline: Nh, Nd or Nd@HH; the list's end gives up";
    RETRY_SYSTEM: "retry.system" = "1h,4h,24h", Waits, "wait after each failure of the gateway";
    RETRY_UNKNOWN: "retry.unknown" = "24h", Waits,
        "wait after each decline with a code nobody knows";
    RETRY_MAX_FAILURES: "retry.max_failures" = "4", Int(1, 100),
        "consecutive failures of one method before it is left alone";
    RETRY_MIN_GAP_HOURS: "retry.min_gap_hours" = "1", Int(0, 1000),
        "least time between two tries of one invoice";
    RETRY_FALLBACK: "retry.fallback" = "false", Bool,
        "where the first method may not be charged, charge the next by priority";
    RETRY_VISA_30_DAYS: "retry.visa_30_days" = "15", Int(1, 100),
        "tries of one Visa card in 30 days (a cautious default: the network counts by its own rules)";
    RETRY_MASTERCARD_24_HOURS: "retry.mastercard_24_hours" = "10", Int(1, 100),
        "tries of one Mastercard in 24 hours (a cautious default)";
    RETRY_MASTERCARD_30_DAYS: "retry.mastercard_30_days" = "35", Int(1, 100),
        "tries of one Mastercard in 30 days (a cautious default)";
    MATCH_TOLERANCE: "match.tolerance" = "", Sums,
        "what a payment may be short of what it names and still pay it, by currency: the rest is a payment difference; empty = nothing";
    REMINDER_LEVELS: "reminder.levels" = "7,21,45", Days, "days overdue of each reminder level";
    REMINDER_FEES: "reminder.fees" = "off", Words(&["off", "law"]),
        "whether reminders claim a flat sum and interest for late payment, as the law has them (assets/late_payment.csv)";
    REMINDER_FEES_FROM: "reminder.fees_from" = "2", Int(1, 20),
        "reminder level from which they are claimed";
    REMINDER_BASE_RATES: "reminder.base_rates" = "", BaseRates,
        "base rates beyond those that daybook knows, each with the first day of its half-year, such as DE 2026-07-01 1.27; ECB 2026-07-01 2.15";
    IMPORT_ASK_ABOVE_CHARGES: "import.ask_above_charges" = "100", Int(0, 1_000_000),
        "changed billed charges above which an import asks";
    IMPORT_ASK_ABOVE_PERCENT: "import.ask_above_percent" = "5", Int(0, 100),
        "the same as a share of all billed charges";
    FOUR_EYES_ABOVE: "four_eyes.above" = "", AmountOrEmpty,
        "amount above which what one person does to one account in 24 hours needs a second: posting, memos, write-offs, refunds, loaded open items; and what it owes when its money or documents go elsewhere; empty = never";
    FOUR_EYES_METHOD_ABOVE: "four_eyes.method_above" = "", AmountOrEmpty,
        "what an account owes above which another payment method, or auto-pay on, needs a second person; 0 = whatever it owes; empty = by four_eyes.above";
    FOUR_EYES_ADDRESS_ABOVE: "four_eyes.address_above" = "", AmountOrEmpty,
        "what an account owes above which another e-mail domain, or another postal address of printed documents, needs a second person; 0 = whatever it owes; empty = by four_eyes.above";
    FOUR_EYES_SETTINGS: "four_eyes.settings" = "true", Bool,
        "while one of the amounts above is set and somebody else may, a second admin confirms another issuer.bank, issuer.footer, texts.file, Stripe key or address, four_eyes.* or separation.window";
    FOUR_EYES_PRICE_CHARGES: "four_eyes.price_charges" = "0", Int(0, 1_000_000),
        "prices that one person may change in 24 hours before a second must confirm; 0 = any number";
    FOUR_EYES_PRICE_PERCENT: "four_eyes.price_percent" = "0", Decimal(MOST),
        "a price that moves by no more than so many percent does not count there";
    SEPARATION_WINDOW: "separation.window" = "90", Int(1, 36_500),
        "days in which who recorded a payment on an account gives nothing up there, and the other way round";
}

#[cfg(test)]
mod tests {
    use super::NAMES;

    #[test]
    fn a_constant_is_called_as_its_key() {
        for (name, setting) in NAMES {
            assert_eq!(*name, setting.key.to_uppercase().replace('.', "_"));
        }
    }
}
