//! The schema as files: the migrations in their order, and what tells a book from another database.

/// "dayb": tells a book from any other SQLite file (`PRAGMA application_id`).
pub(super) const APPLICATION_ID: i64 = 0x6461_7962;

/// The migrations, in order; `PRAGMA user_version` counts how many a book has.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_book.sql"),
    include_str!("migrations/0002_sample.sql"),
    include_str!("migrations/0003_four_eyes.sql"),
    include_str!("migrations/0004_gateway_poll.sql"),
    include_str!("migrations/0005_schema_mark.sql"),
    include_str!("migrations/0006_deed.sql"),
    include_str!("migrations/0007_proof.sql"),
    include_str!("migrations/0008_pace.sql"),
    include_str!("migrations/0009_clock.sql"),
    include_str!("migrations/0010_period.sql"),
    include_str!("migrations/0011_ledger_day.sql"),
    include_str!("migrations/0012_reopened.sql"),
    include_str!("migrations/0013_tax_rounding.sql"),
    include_str!("migrations/0014_envelope.sql"),
    include_str!("migrations/0015_money_back.sql"),
    include_str!("migrations/0016_by_itself.sql"),
    include_str!("migrations/0017_return_class.sql"),
    include_str!("migrations/0018_currency.sql"),
    include_str!("migrations/0019_import_cutover.sql"),
    include_str!("migrations/0020_zone_seen.sql"),
    include_str!("migrations/0021_filter_tab.sql"),
    include_str!("migrations/0022_undone_by.sql"),
    include_str!("migrations/0023_payment_filter.sql"),
    include_str!("migrations/0024_first_copy.sql"),
    include_str!("migrations/0025_tally.sql"),
    include_str!("migrations/0026_collectible.sql"),
    include_str!("migrations/0027_claim_item.sql"),
    include_str!("migrations/0028_words.sql"),
    include_str!("migrations/0029_stale_is_flagged.sql"),
    include_str!("migrations/0030_claim_of_line.sql"),
    include_str!("migrations/0031_shared_text.sql"),
    include_str!("migrations/0032_frozen_form.sql"),
    include_str!("migrations/0033_ledger_txn.sql"),
    include_str!("migrations/0034_settled.sql"),
    include_str!("migrations/0035_tag.sql"),
    include_str!("migrations/0036_note.sql"),
    include_str!("migrations/0037_retry_refused.sql"),
    include_str!("migrations/0038_clerk_claim.sql"),
    include_str!("migrations/0039_agreed.sql"),
    include_str!("migrations/0040_document_tally.sql"),
    include_str!("migrations/0041_bank_read.sql"),
    include_str!("migrations/0042_e_invoice.sql"),
    include_str!("migrations/0043_account_text.sql"),
    include_str!("migrations/0044_bounce_report.sql"),
    include_str!("migrations/0045_notice_read.sql"),
    include_str!("migrations/0046_network.sql"),
    include_str!("migrations/0047_own_texts.sql"),
    include_str!("migrations/0048_book_period.sql"),
    include_str!("migrations/0049_deferred.sql"),
    include_str!("migrations/0050_book_period_report.sql"),
    include_str!("migrations/0051_bank.sql"),
    include_str!("migrations/0052_statement_copy.sql"),
    include_str!("migrations/0053_fx_rate.sql"),
    include_str!("migrations/0054_reminder.sql"),
    include_str!("migrations/0055_account_stop.sql"),
    include_str!("migrations/0056_reminder_fee.sql"),
];

/// The schema of this program.
pub(super) fn known() -> i64 {
    MIGRATIONS.len() as i64
}
