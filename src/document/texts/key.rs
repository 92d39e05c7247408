//! Every text of documents, mails and reminders by its key: where it stands, and what it may hold.

/// Where a text stands, and so how long it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A few words beside figures on paper.
    Label,
    /// A sentence on paper.
    Sentence,
    /// The subject of a mail, or a sentence in it.
    Line,
    /// A mail: several lines.
    Letter,
}

impl Place {
    /// Most characters.
    pub fn most(self) -> usize {
        match self {
            Self::Label => 60,
            Self::Sentence => 500,
            Self::Line => 300,
            Self::Letter => 4000,
        }
    }

    /// Whether it is set in the fonts of documents.
    pub fn prints(self) -> bool {
        match self {
            Self::Label | Self::Sentence => true,
            Self::Line | Self::Letter => false,
        }
    }
}

/// What is known of a key.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    pub key: Key,
    /// As the files name it.
    pub name: &'static str,
    pub place: Place,
    /// What a text must hold in braces, and, with a `?` behind it, what it may.
    pub holes: &'static [&'static str],
}

/// `Variant = "key" Place ["hole", "maybe?"];`
macro_rules! keys {
    ($($variant:ident = $name:literal $place:ident [$($hole:literal),*];)*) => {
        /// A text; its place among [`SPECS`] is its number.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key { $(#[doc = $name] $variant),* }

        /// Every key, in order.
        pub const SPECS: &[Spec] = &[
            $(Spec { key: Key::$variant, name: $name, place: Place::$place, holes: &[$($hole),*] }),*
        ];
    };
}

keys! {
    Invoice = "invoice" Label [];
    CreditMemo = "credit_memo" Label [];
    DebitMemo = "debit_memo" Label [];
    WriteOff = "write_off" Label [];
    Number = "number" Label ["title?"];
    Dated = "dated" Label ["title?"];
    DueDate = "due_date" Label [];
    PaymentTerm = "payment_term" Label [];
    TermNet = "term_net" Label ["days"];
    TermReceipt = "term_receipt" Label [];
    Account = "account" Label [];
    YourOrder = "your_order" Label [];
    YourVatId = "your_vat_id" Label [];
    YourTaxNumber = "your_tax_number" Label [];
    VatId = "vat_id" Label ["id"];
    TaxNumber = "tax_number" Label ["id"];
    Corrects = "corrects" Sentence ["number", "day"];
    Replaces = "replaces" Sentence ["number", "day"];
    AmountDue = "amount_due" Label [];
    YourCredit = "your_credit" Label [];
    WrittenOff = "written_off" Label [];
    Description = "description" Label [];
    ServicePeriod = "service_period" Label [];
    FirstDay = "first_day" Label ["day"];
    Quantity = "quantity" Label [];
    UnitPrice = "unit_price" Label [];
    Amount = "amount" Label ["currency"];
    CarriedForward = "carried_forward" Label [];
    BroughtForward = "brought_forward" Label [];
    PageHead = "page_head" Sentence ["title", "number", "day"];
    Subtotal = "subtotal" Label [];
    Total = "total" Label ["currency"];
    TotalCredit = "total_credit" Label ["currency"];
    CreditApplied = "credit_applied" Label ["number"];
    PaidBefore = "paid_before" Label [];
    TotalDue = "total_due" Label ["currency"];
    Vat = "vat" Label [];
    TaxStandard = "tax_standard" Sentence ["name", "rate", "base"];
    TaxTitled = "tax_titled" Sentence ["name", "base"];
    TaxExempt = "tax_exempt" Sentence ["name", "base"];
    TaxReverse = "tax_reverse" Sentence ["name", "base"];
    ReasonReverse = "reason_reverse" Sentence [];
    ReasonIntra = "reason_intra" Sentence [];
    ReasonExport = "reason_export" Sentence [];
    ReasonOutside = "reason_outside" Sentence [];
    Payment = "payment" Label [];
    Credited = "credited" Sentence [];
    NothingLeft = "nothing_left" Sentence [];
    Pay = "pay" Sentence ["sum", "reference"];
    PayBy = "pay_by" Sentence ["sum", "day", "reference"];
    Collected = "collected" Sentence ["sum", "from"];
    CollectedOn = "collected_on" Sentence ["sum", "from", "day"];
    Mandate = "mandate" Sentence ["method", "mandate", "creditor"];
    LateFrance = "late_france" Sentence [];
    CreditLine = "credit_line" Sentence ["what"];
    ChargeLine = "charge_line" Sentence ["what"];
    DetailTiered = "detail_tiered" Label [];
    DetailVolume = "detail_volume" Label [];
    DetailPackages = "detail_packages" Label ["size"];
    DetailIncluded = "detail_included" Label ["count"];
    DetailTimes = "detail_times" Label ["count"];
    DetailDays = "detail_days" Label ["part", "whole"];
    DetailShare = "detail_share" Label ["share"];
    DetailEarlier = "detail_earlier" Label [];
    MailSubject = "mail_subject" Line ["title?", "number", "issuer"];
    MailSubjectUnnamed = "mail_subject_unnamed" Line ["title?", "number"];
    MailInvoice = "mail_invoice" Letter ["number", "day", "total", "correction", "payment", "customer?", "issuer?", "footer?"];
    MailCreditMemo = "mail_credit_memo" Letter ["number", "day", "total", "correction", "customer?", "issuer?", "footer?"];
    MailDebitMemo = "mail_debit_memo" Letter ["number", "day", "total", "correction", "payment", "customer?", "issuer?", "footer?"];
    MailCorrects = "mail_corrects" Line ["number", "day"];
    MailReplaces = "mail_replaces" Line ["number", "day"];
    MailPay = "mail_pay" Line ["sum", "day"];
    MailPayQuoting = "mail_pay_quoting" Line ["sum", "day", "reference"];
    MailPaySome = "mail_pay_some" Line ["sum"];
    MailCollected = "mail_collected" Line ["sum", "from"];
    ReminderSubjectOne = "reminder_subject_one" Line ["count"];
    ReminderSubjectFew = "reminder_subject_few" Line ["count"];
    ReminderSubjectOther = "reminder_subject_other" Line ["count"];
    Reminder = "reminder" Letter ["day", "invoices", "paid", "bank", "customer?", "issuer?"];
    ReminderLine = "reminder_line" Line ["number", "day", "sum"];
    ReminderPaid = "reminder_paid" Line [];
    Statement = "statement" Label [];
    StatementSpan = "statement_span" Sentence ["from", "to"];
    StatementLegal = "statement_legal" Sentence [];
    StatementActivity = "statement_activity" Label [];
    StatementOpen = "statement_open" Label [];
    StatementNothing = "statement_nothing" Sentence [];
    StatementOpening = "statement_opening" Label ["day"];
    StatementClosing = "statement_closing" Label ["day"];
    StatementDate = "statement_date" Label [];
    StatementWhat = "statement_what" Label [];
    StatementTotal = "statement_total" Label ["currency"];
    StatementLeft = "statement_left" Label ["currency"];
    StatementDays = "statement_days" Label [];
    StatementBalance = "statement_balance" Label ["currency"];
    StatementNotApplied = "statement_not_applied" Label [];
    StatementRefund = "statement_refund" Label [];
    StatementReturn = "statement_return" Label [];
    StatementChargeback = "statement_chargeback" Label [];
    StatementOpeningItem = "statement_opening_item" Label [];
    StatementOther = "statement_other" Label [];
    StatementSubject = "statement_subject" Line ["day"];
    StatementMail = "statement_mail" Letter ["span", "balances", "legal", "bank", "customer?", "issuer?"];
    StatementBalanceLine = "statement_balance_line" Line ["day", "sum"];
    TaxHome = "tax_home" Sentence ["sum", "rate", "day"];
    ReminderFlat = "reminder_flat" Line ["number", "law", "sum"];
    ReminderInterest = "reminder_interest" Line ["number", "from", "to", "law", "sum"];
}

impl Key {
    /// What is known of it.
    pub fn spec(self) -> &'static Spec {
        &SPECS[self as usize]
    }

    /// The key of a name.
    pub fn parse(name: &str) -> Option<Self> {
        SPECS.iter().find(|spec| spec.name == name).map(|spec| spec.key)
    }
}

impl Spec {
    /// What may stand in braces, without marks.
    pub fn holes(&self) -> impl Iterator<Item = &'static str> {
        self.holes.iter().map(|hole| hole.trim_end_matches('?'))
    }

    /// The place of a hole among those of the key.
    pub fn hole(&self, name: &str) -> Option<usize> {
        self.holes().position(|hole| hole == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_name_and_number() {
        for (at, spec) in SPECS.iter().enumerate() {
            assert_eq!((spec.key as usize, Key::parse(spec.name)), (at, Some(spec.key)));
        }
        assert_eq!(Key::parse("gutschrift"), None);
    }
}
