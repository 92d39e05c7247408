//! Rows and counts for screens and lists: read-only, paged by key and never by OFFSET.
//!
//! One file a list. Each says its SQL as a [`Spec`]: columns, fields a filter may ask about, sorts.
//! What leaves are plain row structs with the key to go on from.

pub mod account_page;
pub mod accounts;
mod agreed;
mod amount;
pub mod bank_lines;
pub mod charts;
mod claimed;
mod days;
pub mod deliveries;
pub mod failed;
pub mod filter;
mod fitting;
mod groups;
pub mod happened;
pub mod invoice;
pub mod invoices;
pub mod jobs;
mod list;
pub mod log;
mod measure;
mod named;
mod narrowed;
pub mod past;
pub mod pasted;
pub mod post_preview;
pub mod post_second;
pub mod recovery;
pub mod results;
pub mod runs;
pub mod sample;
mod spec;
pub mod thrown;
pub mod today;
pub mod unapplied;
pub mod unusual;
pub mod waits;

use crate::store::face::{Cell, Row, params_from_iter};
pub use days::settled;
pub use filter::{Cmp, Field, Filter, FilterError, Term};
use fitting::fitting;
use groups::groups;
pub use list::{
    Fit, Group, Key, KeyValue, ListArgs, ListRow, Marked, Page, ReadError, Seek, Sort, Sorted,
    Totals,
};
use spec::{Ask, Order, Spec, Where};

use super::{Db, StoreError};
use crate::domain::money::{Currency, Money};

/// A filter as SQL of a list; refused if it names what is not in the book.
fn asked(db: &Db<'_>, spec: &Spec, filter: &Filter) -> Result<Where, ReadError> {
    named::refuse_unknown(db, spec, filter)?;
    let mut asked = spec.filter(filter)?;
    narrowed::narrow(db, spec, filter, &mut asked)?;
    Ok(asked)
}

/// One part of a list.
pub(super) fn page<R: ListRow>(
    db: &Db<'_>,
    spec: &Spec,
    args: &ListArgs,
    map: fn(&Row<'_>, Key) -> Result<R, StoreError>,
) -> Result<Page<R>, ReadError> {
    let order = spec.sorted(args.sort);
    let mut filter = asked(db, spec, &args.filter)?;
    let backwards = matches!(args.seek, Seek::Before(_) | Seek::Last);
    match &args.seek {
        Seek::First | Seek::Last => {}
        Seek::After(key) => filter.beyond(spec, order, key, backwards, ""),
        Seek::Before(key) => filter.beyond(spec, order, key, backwards, ""),
        Seek::From(key) => filter.beyond(spec, order, key, backwards, "="),
    }
    let way = |down: bool| if down { "DESC" } else { "ASC" };
    let id_down = order.id_down(spec);
    let sql = format!(
        "SELECT {by}, {id}, {columns} FROM {from} WHERE {filter} \
        ORDER BY {by} {w1}, {id} {w2} LIMIT {limit}",
        by = order.by,
        id = spec.id,
        columns = spec.columns,
        from = filter.from(spec.from),
        filter = filter.sql.join(" AND "),
        w1 = way(order.descending != backwards),
        w2 = way(id_down != backwards),
        limit = args.limit + 1,
    );
    let mut rows = db.all(&sql, params_from_iter(filter.values), |r| {
        map(r, Key { value: key_value(r)?, id: r.get(1)? })
    })?;
    let more = rows.len() > args.limit;
    rows.truncate(args.limit);
    if backwards {
        rows.reverse();
    }
    Ok(Page { rows, more })
}

/// Where a row stands in an order; none where there is no such row.
pub(super) fn key_of(
    db: &Db<'_>,
    spec: &Spec,
    sort: Sort,
    id: i64,
) -> Result<Option<Key>, StoreError> {
    let by = spec.sorted(sort.into()).by;
    let sql = format!("SELECT {by} FROM {} WHERE {} = ?1", spec.from, spec.id);
    db.opt(&sql, [id], |r| Ok(Key { value: key_value(r)?, id }))
}

/// What a row is ordered by, from its first column.
fn key_value(r: &Row<'_>) -> Result<KeyValue, StoreError> {
    Ok(match r.cell(0)? {
        Cell::Integer(n) => KeyValue::Int(n),
        Cell::Text(_) => KeyValue::Text(r.get(0)?),
        _ => KeyValue::Text(String::new()),
    })
}

/// How many rows match, and their money.
pub(super) fn totals(db: &Db<'_>, spec: &Spec, filter: &Filter) -> Result<Totals, ReadError> {
    let filter = asked(db, spec, filter)?;
    let from = filter.from(if filter.wide { spec.from } else { spec.narrow });
    let (currency, minor) = spec.money.unwrap_or(("''", "0"));
    let sql = format!(
        "SELECT {currency}, count(*), coalesce(sum({minor}), 0) FROM {from} WHERE {} GROUP BY 1",
        filter.sql.join(" AND ")
    );
    let mut totals = Totals::default();
    for (code, count, minor) in db.all(&sql, params_from_iter(filter.values), |r| {
        Ok((r.get::<Option<String>>(0)?, r.get::<i64>(1)?, r.get::<i64>(2)?))
    })? {
        totals.count += count;
        if let Some(currency) = code.as_deref().and_then(Currency::parse) {
            totals.money.add(currency.amount(minor)).map_err(StoreError::from)?;
        }
    }
    Ok(totals)
}

/// Every matching row, as marks need them.
pub(super) fn marks(db: &Db<'_>, spec: &Spec, filter: &Filter) -> Result<Vec<Marked>, ReadError> {
    marked(db, spec, &asked(db, spec, filter)?)
}

/// Those of some rows that match: costs by their number, not by that of the list.
pub(super) fn within(
    db: &Db<'_>,
    spec: &Spec,
    filter: &Filter,
    ids: &[i64],
) -> Result<Vec<Marked>, ReadError> {
    named::refuse_unknown(db, spec, filter)?;
    // By their number: nothing is to be narrowed.
    let mut filter = spec.filter(filter)?;
    filter.sql.push(format!("{} IN (SELECT value FROM json_each(?))", spec.id));
    filter.values.push(crate::store::face::Value::Text(crate::store::json::text(&ids)?));
    marked(db, spec, &filter)
}

fn marked(db: &Db<'_>, spec: &Spec, filter: &Where) -> Result<Vec<Marked>, ReadError> {
    let (currency, minor) = spec.money.unwrap_or(("''", "0"));
    let sql = format!(
        "SELECT {}, {}, {currency}, {minor} FROM {} WHERE {}",
        spec.id,
        spec.version,
        filter.from(spec.from),
        filter.sql.join(" AND ")
    );
    Ok(db.all(&sql, params_from_iter(&filter.values), |r| {
        let code: Option<String> = r.get(2)?;
        let minor: Option<i64> = r.get(3)?;
        let currency = code.as_deref().and_then(Currency::parse);
        let money = currency.zip(minor).map(Money::from);
        Ok(Marked { id: r.get(0)?, version: r.get(1)?, money })
    })?)
}

#[cfg(test)]
mod tests {
    use super::spec::{DIGITS_0, DIGITS_3, DIGITS_4};
    use super::*;
    use chrono::NaiveDate;

    #[test]
    fn the_digits_in_sql_are_those_of_the_standard() {
        let lists = [(DIGITS_0, 0), (DIGITS_3, 3), (DIGITS_4, 4)];
        let letters = || 'A'..='Z';
        let codes = letters().flat_map(|a| letters().map(move |b| (a, b)));
        let codes = codes.flat_map(|(a, b)| letters().map(move |c| format!("{a}{b}{c}")));
        let known: Vec<Currency> = codes.filter_map(|code| Currency::parse(&code)).collect();
        assert!(known.len() > 150, "{}", known.len());
        for currency in known {
            let listed = |list: &str| list.contains(&format!("'{}'", currency.code()));
            let digits = lists.iter().find(|(list, _)| listed(list)).map_or(2, |(_, d)| *d);
            assert_eq!(digits, currency.digits(), "{}", currency.code());
        }
    }

    fn book() -> (tempfile::TempDir, crate::store::Store) {
        let dir = tempfile::tempdir().unwrap();
        let actor = crate::domain::actor::Actor { uid: 1, name: "mia".to_owned() };
        let zone = crate::zone::Zone::UTC;
        let path = dir.path().join("book.db");
        let book = crate::store::CreateBook {
            kind: crate::store::BookKind::Test,
            actor: &actor,
            now: crate::clock::Now::system(zone),
        };
        let store = crate::store::Store::create(&path, &book).unwrap();
        (dir, store)
    }

    fn every_order(spec: &Spec, mut run: impl FnMut(&ListArgs)) {
        let key = |value| Key { value, id: 3 };
        for sort in spec.sorts() {
            for seek in [
                Seek::First,
                Seek::Last,
                Seek::After(key(KeyValue::Int(5))),
                Seek::Before(key(KeyValue::Text("m".to_owned()))),
                Seek::From(key(KeyValue::Int(5))),
            ] {
                let args = |reversed| ListArgs {
                    filter: Filter::default(),
                    sort: Sorted { by: sort, reversed },
                    seek: seek.clone(),
                    limit: 5,
                };
                run(&args(false));
                run(&args(true));
            }
        }
        for (field, ask) in spec.fields {
            let value = match ask {
                Ask::Word(_, words) => words[0],
                Ask::Same(_) | Ask::Part(_) => "x'y",
                Ask::Known(_, words) => &words().split(", ").next().unwrap().replace(' ', "_"),
                Ask::Currency(_) => "eur",
                Ask::Amount(..) => "12.50",
                Ask::Day(_) => "2026-01-31",
                Ask::Moment(_) => "5..",
                Ask::Id(_, prefix) => &format!("{prefix}-000007"),
                Ask::Flag(_) => "any",
                Ask::Tag(_) => "urgent",
                Ask::Sample(_) => "open",
                Ask::Claim(_) => "2026-01-31@any",
                Ask::Charge(_, "model") => "tiered",
                Ask::Charge(..) => "Base_fee",
            };
            let filter = Filter::parse(&format!("{field}:{value} 50%_x")).unwrap();
            run(&ListArgs { filter, sort: spec.sorts()[0].into(), seek: Seek::First, limit: 5 });
        }
    }

    #[test]
    fn every_list_reads_in_every_order_and_by_every_field() {
        // An empty book has none of the accounts, batches and runs that are named here.
        fn read<T>(list: Result<T, ReadError>) {
            match list {
                Ok(_) | Err(ReadError::Filter(FilterError::Unknown(..))) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let (_dir, store) = book();
        store
            .read(|db| -> Result<(), ReadError> {
                every_order(&invoices::SPEC, |a| {
                    read(invoices::page(db, a));
                    read(invoices::totals(db, &a.filter));
                    read(invoices::marks(db, &a.filter));
                });
                every_order(&runs::SPEC, |a| {
                    read(runs::page(db, a));
                    read(runs::totals(db, &a.filter));
                });
                every_order(&deliveries::SPEC, |a| {
                    read(deliveries::page(db, a));
                    read(deliveries::totals(db, &a.filter));
                    read(deliveries::marks(db, &a.filter));
                });
                every_order(&failed::SPEC, |a| {
                    read(failed::page(db, a));
                    read(failed::totals(db, &a.filter));
                    read(failed::marks(db, &a.filter));
                });
                every_order(&unapplied::SPEC, |a| {
                    read(unapplied::page(db, a));
                    read(unapplied::totals(db, &a.filter));
                    read(unapplied::marks(db, &a.filter));
                });
                every_order(&bank_lines::SPEC, |a| {
                    read(bank_lines::page(db, a));
                    read(bank_lines::totals(db, &a.filter));
                    read(bank_lines::marks(db, &a.filter));
                });
                every_order(&jobs::SPEC, |a| {
                    read(jobs::page(db, a));
                    read(jobs::totals(db, &a.filter));
                });
                every_order(&log::SPEC, |a| {
                    read(log::page(db, a));
                    read(log::totals(db, &a.filter));
                });
                every_order(&accounts::SPEC, |a| {
                    read(accounts::page(db, a));
                    read(accounts::totals(db, &a.filter));
                    read(accounts::marks(db, &a.filter));
                });
                for by in [Field::Flag, Field::Currency, Field::Batch, Field::Run, Field::Status] {
                    invoices::groups(db, &Filter::default(), by).unwrap();
                }
                for by in [Field::Group, Field::Error, Field::Currency] {
                    failed::groups(db, &Filter::default(), by).unwrap();
                }
                for by in [Field::Kind, Field::Currency] {
                    unapplied::groups(db, &Filter::default(), by).unwrap();
                }
                for by in [Field::Status, Field::Bank, Field::Kind, Field::Currency] {
                    bank_lines::groups(db, &Filter::default(), by).unwrap();
                }
                for by in [Field::Error, Field::Channel, Field::Status] {
                    deliveries::groups(db, &Filter::default(), by).unwrap();
                }
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn details_of_what_is_not_there_are_empty() {
        use crate::domain::ids::{AccountId, BillRunId, DocumentId, PaymentRunId, RunId};
        let (_dir, store) = book();
        store
            .read(|db| -> Result<(), ReadError> {
                assert_eq!(invoice::detail(db, DocumentId(1), chrono::NaiveDate::MIN)?, None);
                let today = NaiveDate::from_ymd_opt(2026, 11, 30).unwrap();
                let dates = post_preview::Dates { today, invoice_on: Some(today), by: None };
                assert_eq!(post_preview::of_run(db, 1, dates)?.count, 0);
                assert_eq!(post_preview::of_marked(db, &[(1, 1)], dates)?.changed, 1);
                assert_eq!(runs::row(db, RunId::Bill(BillRunId(1)))?, None);
                runs::detail(db, RunId::Bill(BillRunId(1)))?;
                runs::detail(db, RunId::Payment(PaymentRunId(1)))?;
                accounts::detail(db, AccountId(1))?;
                jobs::open(db)?;
                jobs::schedules(db)?;
                invoice::history(db, "D-000001")?;
                for step in [today::usage, today::to_check, today::to_deliver] {
                    assert_eq!(step(db)?.0.count, 0);
                }
                assert_eq!(today::bill_runs(db, dates.today)?.0.count, 0);
                assert_eq!(today::open_notices(db, 1)?.0.count, 0);
                assert_eq!(post_preview::all_drafts(db, dates)?.count, 0);
                Ok(())
            })
            .unwrap();
    }
}
