//! A book in a directory of its own, driven through the binary.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A test book; gone when dropped.
pub struct Book {
    pub dir: tempfile::TempDir,
    pub path: PathBuf,
}

/// What takes each migration away, in their order.
const MADE: &[&str] = &[
    "",
    "DROP TABLE run_sample; ALTER TABLE bill_run DROP COLUMN unflagged",
    "DROP TABLE four_eyes",
    "DROP TABLE gateway_poll",
    "DROP TABLE schema_mark",
    "DROP TABLE deed; DROP TABLE deed_start; DROP TABLE import_request",
    "ALTER TABLE payment DROP COLUMN gateway_at; ALTER TABLE payment_event DROP COLUMN gateway_at;
     ALTER TABLE payment_event DROP COLUMN look_ups; ALTER TABLE payment_event DROP COLUMN next_look_up_at;
     ALTER TABLE gateway_poll DROP COLUMN clock_off_ms",
    "DROP TABLE job_pick; DROP INDEX document_draft; DROP INDEX notice_open; DROP INDEX notice_mail",
    "ALTER TABLE book DROP COLUMN seen_at",
    "ALTER TABLE claim DROP COLUMN period",
    "DROP INDEX ledger_entry_day",
    "ALTER TABLE document_state DROP COLUMN reopened_on",
    "ALTER TABLE document_tax DROP COLUMN rounding",
    "ALTER TABLE delivery DROP COLUMN by_hand; ALTER TABLE delivery DROP COLUMN maybe_out;
     ALTER TABLE delivery DROP COLUMN replaced_by",
    "DROP TABLE memo_refund; DROP INDEX payment_moved; ALTER TABLE payment DROP COLUMN value_on;
     ALTER TABLE payment DROP COLUMN moved_from; ALTER TABLE payment DROP COLUMN moved_minor;
     ALTER TABLE payment_event DROP COLUMN value_on; ALTER TABLE payment_event DROP COLUMN fee_minor;
     ALTER TABLE payment_event DROP COLUMN loss_minor; ALTER TABLE allocation DROP COLUMN unapplied_minor;
     ALTER TABLE allocation DROP COLUMN unapplied_on",
    "ALTER TABLE operation DROP COLUMN by_itself",
    "ALTER TABLE payment ADD COLUMN decline_action TEXT NOT NULL DEFAULT ''; ALTER TABLE payment DROP COLUMN next_action",
    "DROP TRIGGER item_other_currency; DROP TRIGGER item_no_rate; DROP TRIGGER account_currency;
     DROP TABLE carried; DROP TABLE converted_price; DROP TABLE currency_conversion;
     ALTER TABLE document_item DROP COLUMN corrects_minor; ALTER TABLE document_item DROP COLUMN corrects_gross_minor",
    "ALTER TABLE import_request DROP COLUMN cutover_on",
    "DROP TABLE zone_seen",
    "ALTER TABLE saved_filter DROP COLUMN tab;",
    "DROP INDEX undo_undone; ALTER TABLE undo DROP COLUMN undone_seq",
    "UPDATE payment_run SET filter = coalesce(filter ->> '$.Due', filter ->> '$.Retry', filter)
     WHERE json_valid(filter)",
    "DROP TABLE first_copy; ALTER TABLE delivery DROP COLUMN layout; ALTER TABLE delivery DROP COLUMN pdf_hash",
    "DROP TRIGGER tally_draft_made; DROP TRIGGER tally_draft_left; DROP TRIGGER tally_draft_back; DROP TRIGGER tally_draft_reviewed; DROP TRIGGER tally_draft_changed;
     DROP TRIGGER tally_flagged; DROP TRIGGER tally_unflagged; DROP TRIGGER tally_owed_made;
     DROP TRIGGER tally_owed_came; DROP TRIGGER tally_owed_went; DROP TRIGGER tally_owed_less; DROP TRIGGER tally_owed_later; DROP TRIGGER tally_posted; DROP TRIGGER tally_posted_made;
     DROP TRIGGER tally_copy_made; DROP TRIGGER tally_copy_moved; DROP INDEX delivery_again;
     DROP INDEX document_state_kept; DROP INDEX document_tax_reverse; DROP INDEX flag_unprintable;
     DROP INDEX document_item_by_hand; DROP TABLE tally",
    "DROP INDEX payment_method_gateway; DROP TRIGGER stirred_by_state_made; DROP TRIGGER stirred_by_state; DROP TRIGGER stirred_by_allocation_made;
     DROP TRIGGER stirred_by_allocation; DROP TRIGGER stirred_by_payment; DROP TRIGGER stirred_by_method_made;
     DROP TRIGGER stirred_by_method; DROP TRIGGER stirred_by_account; DROP VIEW collectible_now;
     DROP TABLE collectible; DROP TABLE collectible_sum; DROP TABLE collectible_stirred",
    "DROP INDEX claim_item",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql,
     'role = ''billed'' OR role = ''late'' OR role = ''credited'' OR role = ''waived''',
     'role IN (''billed'',''late'',''credited'',''waived'')') WHERE type = 'table' AND name = 'claim';
     PRAGMA writable_schema = RESET; DROP TRIGGER tax_posted_insert; CREATE TRIGGER tax_posted_insert
     BEFORE INSERT ON document_tax WHEN (SELECT status FROM document WHERE id = NEW.document_id) IS NOT 'Draft'
     BEGIN SELECT RAISE(ABORT, 'guard: a posted document gets no more tax'); END",
    "DROP TRIGGER tally_stale",
    "DROP TRIGGER claim_of_line; DROP TRIGGER claim_moved; DROP TRIGGER line_claimed_delete; DROP TRIGGER line_claimed_update;
     CREATE INDEX claim_item ON claim (item_id) WHERE item_id IS NOT NULL;
     PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'item_id        INTEGER,',
     'item_id        INTEGER REFERENCES document_item (id),') WHERE type = 'table' AND name = 'claim';
     PRAGMA writable_schema = RESET",
    "DROP TRIGGER item_posted_update; UPDATE document_item SET derivation = (SELECT text FROM shared_text WHERE id = derivation_id),
     derivation_id = NULL WHERE derivation_id IS NOT NULL; CREATE TRIGGER item_posted_update BEFORE UPDATE ON document_item\n\
     WHEN (SELECT status FROM document WHERE id = OLD.document_id) IS NOT 'Draft'\n\
     BEGIN SELECT RAISE(ABORT, 'guard: a posted line never changes'); END;
     ALTER TABLE document_item DROP COLUMN derivation_id; DROP TABLE shared_text",
    r#"DROP TRIGGER document_posted_update;
WITH RECURSIVE filled (id, n, text) AS (
  SELECT d.id, 0, s.text FROM document d JOIN shared_text s ON s.id = d.frozen_id
  UNION ALL SELECT f.id, n + 1, substr(text, 1, instr(text, '"\u0001"') - 1) || json_quote(d.frozen ->> n)
    || substr(text, instr(text, '"\u0001"') + 8)
  FROM filled f JOIN document d ON d.id = f.id WHERE n < json_array_length(d.frozen))
UPDATE document SET frozen = f.text, frozen_id = NULL FROM filled f
WHERE f.id = document.id AND f.n = json_array_length(frozen) AND frozen_id IS NOT NULL;
CREATE TRIGGER document_posted_update BEFORE UPDATE ON document WHEN OLD.status <> 'Draft'
BEGIN SELECT RAISE(ABORT, 'guard: a posted or canceled document never changes'); END;
ALTER TABLE document DROP COLUMN frozen_id"#,
    "CREATE INDEX ledger_entry_txn ON ledger_entry (txn)",
    "DROP TRIGGER settled_by_claim; DROP TRIGGER settled_by_claim_change;
     DROP TRIGGER settled_by_claim_gone; DROP TRIGGER settled_by_usage;
     DROP TRIGGER settled_by_usage_change; DROP TRIGGER settled_by_usage_free; DROP TABLE settled",
    "ALTER TABLE document_state DROP COLUMN tags",
    "CREATE TABLE account_note (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES account (id),
     at INTEGER NOT NULL, user_name TEXT NOT NULL, text TEXT NOT NULL) STRICT;
     INSERT INTO account_note SELECT id, account_id, at, user_name, text FROM note;
     CREATE INDEX account_note_account ON account_note (account_id, id); DROP TABLE note;
     DROP TABLE account_reference; DROP TABLE document_reference",
    "DROP TABLE payment_run_refused",
    "DROP TRIGGER clerk_claim_of_draft; DROP TRIGGER clerk_claim_ends; DROP TABLE clerk_claim",
    "DROP TRIGGER stirred_by_agency_made; DROP TRIGGER stirred_by_agency;
     DROP VIEW collectible_now; CREATE VIEW collectible_now AS SELECT document_id FROM document_state;
     DROP TABLE agency_claim; DROP TABLE agency_case; ALTER TABLE promise DROP COLUMN owed_minor;
     DROP TABLE instalment_document; DROP TABLE instalment; DROP TABLE instalment_plan; DROP TABLE dispute",
    "DROP TRIGGER document_tally_made; DROP TRIGGER document_tally_came; DROP TRIGGER document_tally_went;
     DROP TABLE document_tally",
    "DROP TABLE bank_read",
    "DROP INDEX flag_e_invoice; DROP TABLE e_document; ALTER TABLE account_version DROP COLUMN legal; ALTER TABLE payment_method DROP COLUMN mandate;
     ALTER TABLE payment_method DROP COLUMN iban; ALTER TABLE tax_rate DROP COLUMN category",
    "DROP TABLE account_text; DROP TABLE text_more",
    "DROP TABLE bounce_report",
    "DROP TABLE notice_read",
    "DROP TRIGGER network_copy_moves; DROP TABLE network_copy; DROP TABLE network_receipt; DROP TABLE e_document_version;
     PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'channel IN (''email'',''print'',''network'')',
     'channel IN (''email'',''print'')') WHERE type = 'table' AND name = 'delivery';
     UPDATE sqlite_schema SET sql = replace(sql, ' OR delivery = ''network'' OR delivery = ''network+email''', '')
     WHERE type = 'table' AND name = 'account_version'; UPDATE sqlite_schema SET sql = replace(sql,
     ' OR source = ''void''', '') WHERE type = 'table' AND name = 'document'; PRAGMA writable_schema = RESET",
    "DROP TABLE own_texts",
    "DROP TRIGGER ledger_shut; DROP TABLE book_period_sum; DROP TABLE book_period_step; DROP TABLE book_period",
    "DROP TABLE deferred_release; DROP TABLE deferred_line",
    "DROP TABLE book_period_report",
    "DROP TRIGGER bank_payer_of_method; DROP TRIGGER bank_payer_of_account; DROP TRIGGER bank_line_applied; DROP INDEX payment_gateway_ref;
     DROP INDEX payment_outside; DROP INDEX account_key; DROP INDEX document_key; DROP TABLE payment_reference;
     DROP TABLE payment_difference_tax; DROP TABLE payment_difference; DROP TABLE bank_detail; DROP TABLE bank_payer;
     DROP TABLE bank_match; DROP TABLE payout_row; DROP TABLE payout; DROP TABLE bank_line; DROP TABLE statement; DROP TABLE bank_account",
    "DROP TABLE statement_copy",
    "DROP TABLE fx_rate",
    "DROP TABLE reminder_document; DROP TABLE reminder_copy; DROP TABLE reminder",
    "DROP TRIGGER stirred_by_stop_made; DROP TRIGGER stirred_by_stop; DROP VIEW collectible_now;
     CREATE VIEW collectible_now AS SELECT document_id FROM document_state; DROP TABLE account_stop",
    "DROP TABLE reminder_fee; PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql,
     ' OR source = ''dunning''', '') WHERE type = 'table' AND name = 'document'; PRAGMA writable_schema = RESET",
    "DROP INDEX bank_line_state; CREATE INDEX bank_line_open ON bank_line (state, id)
     WHERE state IN ('New','Part','Unapplied','Unidentified')",
];

/// What a call of the binary gave.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("no JSON ({e}): {}\n{}", self.out, self.err))
    }

    /// Asserts the exit code, showing what was said.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }
}

impl Book {
    /// An empty test book whose clock stands at `now`.
    pub fn new(now: &str) -> Self {
        let book = Self::without_clock();
        book.run(&["clock", "set", now]).ends(0);
        book
    }

    /// An empty test book that follows the real clock: `--now` may name any day, in any order.
    pub fn without_clock() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let book = Self { path: dir.path().join("book.db"), dir };
        book.run(&["init", "--test"]).ends(0);
        book
    }

    /// Runs the binary on this book.
    pub fn run(&self, args: &[&str]) -> Ran {
        daybook(&self.path, args)
    }

    /// Writes a file beside the book.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_string_lossy().into_owned()
    }

    /// Puts a secret where secrets lie; gives the name by which a setting names it.
    pub fn secret<'n>(&self, name: &'n str, content: impl AsRef<[u8]>, mode: u32) -> &'n str {
        use std::os::unix::fs::PermissionsExt;
        let place =
            daybook::gateway::secret::directory(&daybook::store::side_directory(&self.path));
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join(name), content).unwrap();
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(place.join(name), mode).unwrap();
        name
    }

    /// Imports one file of this content; gives what became of it (`--json`) and the exit code.
    pub fn import(&self, name: &str, content: impl AsRef<[u8]>, flags: &[&str]) -> (i32, Value) {
        let file = self.file(name, content);
        let ran = self.run(&[&["import", &file, "--json"], flags].concat());
        (ran.code, ran.json()["files"][0].clone())
    }

    /// Every row of every table as text: equal dumps are equal books.
    pub fn dump(&self) -> String {
        use std::fmt::Write;
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let conn = rusqlite::Connection::open_with_flags(&self.path, flags).unwrap();
        let mut tables = conn
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
            .unwrap();
        let names: Vec<String> =
            tables.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
        let mut dump = String::new();
        for name in names {
            let _ = writeln!(dump, "== {name}");
            let mut statement = conn.prepare(&format!("SELECT * FROM {name}")).unwrap();
            let width = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..width {
                    let _ = write!(dump, "{:?}|", row.get_ref(column).unwrap());
                }
                dump.push('\n');
            }
        }
        dump
    }

    /// Makes it a book of an older schema: what later migrations made is taken away again.
    pub fn of_schema(&self, version: usize) {
        let made = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/migrations");
        let made = std::fs::read_dir(made).unwrap().count();
        assert_eq!(MADE.len(), made, "name here what the newest migration made");
        let conn = rusqlite::Connection::open(&self.path).unwrap();
        for made in MADE.iter().skip(version).rev() {
            conn.execute_batch(made).unwrap();
        }
        conn.pragma_update(None, "user_version", version as i64).unwrap();
    }

    /// One number out of the book.
    pub fn count(&self, sql: &str) -> i64 {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let conn = rusqlite::Connection::open_with_flags(&self.path, flags).unwrap();
        conn.query_row(sql, [], |r| r.get(0)).unwrap()
    }
}

/// The binary under test: `DAYBOOK_BIN` names another build of it, for the large scale by hand.
pub fn binary() -> PathBuf {
    std::env::var_os("DAYBOOK_BIN")
        .map_or_else(|| env!("CARGO_BIN_EXE_daybook").into(), PathBuf::from)
}

/// Runs the binary on a book, without a terminal.
pub fn daybook(book: &Path, args: &[&str]) -> Ran {
    let output: Output = Command::new(binary())
        .arg("--book")
        .arg(book)
        .args(args)
        .env_remove("DAYBOOK_BOOK")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
