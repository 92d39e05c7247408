//! How what is owed came from one day to another, in two views: net (owed less what customers have to
//! their credit) and receivable. Each event is told by the entry on its other side, so that opening and
//! events come to the closing only where the ledger is whole.

use super::base::{Take, tie};
use crate::domain::money::Currency;
use crate::domain::report::{Asked, Summary};
use crate::store::{Db, StoreError, word};
use std::collections::BTreeMap;

/// SQL of the event of a payment that an entry (`e`) belongs to: refund, return or chargeback; of those of
/// its amount the one that came as often before as the entry did.
pub(super) const EVENT: &str = "(SELECT kind FROM (
    SELECT x.kind, row_number() OVER (ORDER BY x.id) AS n FROM payment_event x
    WHERE x.payment_id = e.payment_id AND x.status <> 'Failed'
      AND x.kind IN ('refund','return','chargeback')
      AND CASE substr(e.account, 1, 5) WHEN 'cash:' THEN x.amount_minor + x.fee_minor
        WHEN 'bank_' THEN x.fee_minor ELSE x.loss_minor END = e.debit_minor + e.credit_minor)
    WHERE n = (SELECT count(*) FROM ledger_entry b WHERE b.payment_id = e.payment_id
      AND b.account = e.account AND b.debit_minor = e.debit_minor
      AND b.credit_minor = e.credit_minor AND b.id <= e.id))";

/// SQL of the verb that booked an entry.
pub(super) const VERB: &str = "(SELECT o.verb FROM operation o WHERE o.seq = e.txn)";

/// The event that an entry on the other side is, by its ledger account, its document's kind, whether it
/// is a debit, and what else is known of it (see [`extra`]).
pub(super) fn event(ledger: &str, kind: &str, debit: bool, extra: &str) -> &'static str {
    let (ledger, _) = ledger.split_once(':').unwrap_or((ledger, ""));
    match (ledger, kind) {
        ("cash", _) if debit => "payments",
        ("cash" | "bank_fee", _) | ("bad_debt", "") => match extra {
            "return" => "returns",
            "chargeback" => "chargebacks",
            _ if debit => "payments",
            _ => "refunds",
        },
        ("opening", _) => "opening_items",
        ("conversion", _) => "carried_over",
        // What was nobody's until a person said whose it is, or is nobody's again.
        ("unidentified", _) => "payments",
        // Entries of tax name their document, those of a difference its payment.
        ("payment_difference", _) | ("tax", "") => "differences",
        (_, "write_off") if debit => "write_offs",
        (_, "write_off") if extra == "write-off" => "write_offs_undone",
        (_, "write_off") => "recoveries",
        (_, "debit_memo") => "debit_memos",
        (_, "credit_memo") => "credit_memos",
        _ => "invoices",
    }
}

/// SQL of what else [`event`] must know.
pub(super) fn extra() -> String {
    format!(
        "CASE WHEN e.payment_id IS NOT NULL AND e.account <> 'credit' AND e.account <> 'receivable'
           THEN coalesce({EVENT}, '')
           WHEN d.kind = 'write_off' AND e.credit_minor > 0 THEN coalesce({VERB}, '') ELSE '' END"
    )
}

/// The lines of the net view, in their order.
const NET: [&str; 14] = [
    "opening",
    "invoices",
    "debit_memos",
    "credit_memos",
    "payments",
    "refunds",
    "returns",
    "chargebacks",
    "write_offs",
    "write_offs_undone",
    "recoveries",
    "differences",
    "opening_items",
    "carried_over",
];

/// Count and minor units.
type Line = (i64, i64);

/// What was booked of one currency.
#[derive(Default)]
struct Booked {
    net: BTreeMap<&'static str, Line>,
    receivable: BTreeMap<&'static str, Line>,
    /// Owed, and to the good (below zero): before, and in all.
    before: [i64; 2],
    after: [i64; 2],
    /// What recovered a loss: money, and credits.
    recovered: [i64; 2],
    /// Paid out of credit memos.
    paid_out: i64,
    /// Credits of memos used, and given back; what was posted of them.
    used: [i64; 2],
    memos: i64,
}

/// A sum of entries.
struct Entry<'r> {
    ledger: &'r str,
    kind: &'r str,
    paid: bool,
    debit: bool,
    extra: &'r str,
    verb: &'r str,
    sum: i64,
    count: i64,
}

fn add(lines: &mut BTreeMap<&'static str, Line>, name: &'static str, (count, minor): Line) {
    let line = lines.entry(name).or_default();
    // Revenue and tax of one document are one event.
    (line.0, line.1) = (line.0.max(count), line.1 + minor);
}

impl Booked {
    fn within(&mut self, e: &Entry<'_>) {
        match (e.ledger, e.paid) {
            ("receivable", true) => {
                let name = match (e.debit, e.extra) {
                    (false, _) => "payments_applied",
                    (true, "cash") => "reopened",
                    (true, _) => "payments_unapplied",
                };
                add(&mut self.receivable, name, (e.count, e.sum));
            }
            ("credit", false) if e.kind == "credit_memo" => {
                self.used[usize::from(!e.debit)] += e.sum;
            }
            // A write-off that is booked before the document owes as much waits as a credit.
            ("credit", false) if e.kind == "write_off" => {
                add(&mut self.receivable, "write_offs", (0, -e.sum));
            }
            ("receivable" | "credit", _) => {}
            _ => self.other_side(e),
        }
    }

    fn other_side(&mut self, e: &Entry<'_>) {
        let name = event(e.ledger, e.kind, e.debit, e.extra);
        add(&mut self.net, name, (e.count, -e.sum));
        match name {
            "invoices" | "debit_memos" => add(&mut self.receivable, name, (e.count, -e.sum)),
            "opening_items" | "carried_over" if e.kind != "credit_memo" && !e.paid => {
                add(&mut self.receivable, name, (e.count, -e.sum));
            }
            "write_offs" | "write_offs_undone" | "differences" => {
                add(&mut self.receivable, name, (e.count, -e.sum));
            }
            "recoveries" => self.recovered[usize::from(e.verb == "adjust")] -= e.sum,
            "credit_memos" | "opening_items" if e.kind == "credit_memo" => self.memos += e.sum,
            "refunds" if e.kind == "credit_memo" && !e.paid => self.paid_out -= e.sum,
            _ => {}
        }
    }

    /// Credits applied and taken off again; money that recovers a loss is applied to nothing.
    fn finish(&mut self) {
        let applied = self.used[0] - self.paid_out - self.recovered[1];
        add(&mut self.receivable, "credits_applied", (0, -applied));
        add(&mut self.receivable, "credits_unapplied", (0, -self.used[1] - self.memos));
        add(&mut self.receivable, "payments_applied", (0, self.recovered[0]));
    }
}

/// The lines of the receivable view, in their order.
const OWED: [&str; 13] = [
    "opening",
    "invoices",
    "debit_memos",
    "credits_applied",
    "credits_unapplied",
    "payments_applied",
    "payments_unapplied",
    "reopened",
    "write_offs",
    "write_offs_undone",
    "differences",
    "opening_items",
    "carried_over",
];

/// Where an account of the ledger stands in [`Booked::before`].
fn side(ledger: &str) -> Option<usize> {
    match ledger {
        "receivable" => Some(0),
        "credit" => Some(1),
        _ => None,
    }
}

/// What was owed and to the good before the first day.
fn opened(
    db: &Db<'_>,
    asked: &Asked,
    only: &str,
) -> Result<BTreeMap<Currency, Booked>, StoreError> {
    let mut all: BTreeMap<Currency, Booked> = BTreeMap::new();
    let sql = format!(
        "SELECT e.currency, e.account, sum(e.debit_minor - e.credit_minor) FROM ledger_entry e NOT INDEXED
         WHERE e.entry_on < ?1 AND e.account IN ('receivable', 'credit'){only} GROUP BY 1, 2"
    );
    db.each(&sql, [asked.from], |r| {
        let booked = all.entry(word(r, 0, Currency::parse)?).or_default();
        if let Some(side) = side(r.text(1)?) {
            booked.before[side] = r.get(2)?;
            booked.after[side] = r.get(2)?;
        }
        Ok(())
    })?;
    Ok(all)
}

/// Reads it.
pub fn read(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let only = asked.currency.map(|c| format!(" AND e.currency = '{}'", c.code()));
    let only = only.unwrap_or_default();
    let mut all = opened(db, asked, &only)?;
    let owed_again = "e.account = 'receivable' AND e.payment_id IS NOT NULL AND e.debit_minor > 0";
    let sql = format!(
        "SELECT e.currency, CASE WHEN instr(e.account, ':') > 0 THEN substr(e.account, 1, instr(e.account, ':') - 1)
                  ELSE e.account END, coalesce(d.kind, ''), e.payment_id IS NOT NULL,
                e.debit_minor > 0,
                CASE WHEN {owed_again} THEN
                  CASE WHEN EXISTS (SELECT 1 FROM ledger_entry c WHERE c.payment_id = e.payment_id
                    AND c.txn = e.txn AND c.account LIKE 'cash:%') THEN 'cash' ELSE '' END
                ELSE {} END AS extra,
                CASE WHEN d.kind = 'write_off' THEN coalesce({VERB}, '') ELSE '' END
                  AS verb,
                sum(e.debit_minor - e.credit_minor),
                count(DISTINCT CASE WHEN e.payment_id IS NULL THEN 'd' || e.document_id
                  ELSE 'p' || e.payment_id || ' ' || e.txn END)
         FROM ledger_entry e LEFT JOIN document d ON d.id = e.document_id
         WHERE e.entry_on BETWEEN ?1 AND ?2 AND e.account_id <> 0{only} GROUP BY 1, 2, 3, 4, 5, 6, 7",
        extra()
    );
    db.each(&sql, (asked.from, asked.to), |r| {
        let booked = all.entry(word(r, 0, Currency::parse)?).or_default();
        let entry = Entry {
            ledger: r.text(1)?,
            kind: r.text(2)?,
            paid: r.get(3)?,
            debit: r.get(4)?,
            extra: r.text(5)?,
            verb: r.text(6)?,
            sum: r.get(7)?,
            count: r.get(8)?,
        };
        if let Some(side) = side(entry.ledger) {
            booked.after[side] += entry.sum;
        }
        booked.within(&entry);
        Ok(())
    })?;
    let mut summary = Summary::default();
    for (currency, booked) in &mut all {
        booked.finish();
        views(*currency, booked, asked, take, &mut summary)?;
    }
    Ok(summary)
}

fn views(
    currency: Currency,
    booked: &mut Booked,
    asked: &Asked,
    take: Take<'_>,
    summary: &mut Summary,
) -> Result<(), StoreError> {
    let [owed, credit] = booked.before;
    let [owed_after, credit_after] = booked.after;
    booked.net.insert("opening", (0, owed + credit));
    booked.receivable.insert("opening", (0, owed));
    let views = [
        ("net", &NET[..], &booked.net, owed_after + credit_after, "T4 net = opening and events"),
        ("receivable", &OWED[..], &booked.receivable, owed_after, "T5 owed = opening and events"),
    ];
    for (view, names, lines, closing, name) in views {
        let mut sum = 0;
        for line in names {
            let (count, minor) = lines.get(line).copied().unwrap_or_default();
            sum += minor;
            if minor != 0 || *line == "opening" {
                take(row(asked, currency, (view, line), (count, minor)))?;
            }
        }
        take(row(asked, currency, (view, "closing"), (0, closing)))?;
        let of = |minor| BTreeMap::from([(currency, minor)]);
        summary.ties.extend(tie(name, &of(sum), &of(closing)));
    }
    let totals = [
        ("opening", owed + credit),
        ("closing", owed_after + credit_after),
        ("receivable", owed_after),
        ("credit", credit_after),
    ];
    let totals = totals.map(|(name, minor)| (name.to_owned(), minor));
    summary.totals.insert(currency, totals.into());
    Ok(())
}

fn row(
    asked: &Asked,
    currency: Currency,
    (view, line): (&str, &str),
    (count, minor): Line,
) -> Vec<crate::domain::report::Cell> {
    vec![
        asked.from.into(),
        asked.to.into(),
        currency.code().into(),
        view.into(),
        line.into(),
        count.into(),
        currency.amount(minor).into(),
    ]
}
