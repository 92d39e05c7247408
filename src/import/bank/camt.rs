//! camt.053 (the statement), .052 (what moved so far) and .054 (details), versions 001.02 to .14.
//!
//! Only entries whose status is `BOOK` were booked; `PDNG`, `INFO` and `FUTR` are told. Each part of an entry
//! has its own amount and its own reason.

use super::raw::{Amount, BadFile, RawDetail, RawEntry, Seen, Stopped, Take};
use super::xml::{Message, Next, Node};
use crate::domain::bank::Source;
use crate::domain::bank::statement::Head;
use crate::import::field::parse_date;
use chrono::NaiveDate;
use std::io::BufRead;

/// What is gone into, down to the entries.
const INTO: [&str; 7] = [
    "Document",
    "BkToCstmrStmt",
    "BkToCstmrAcctRpt",
    "BkToCstmrDbtCdtNtfctn",
    "Stmt",
    "Rpt",
    "Ntfctn",
];

fn source(space: &str) -> Result<Source, BadFile> {
    let hint = "camt.052, .053 and .054 of versions 001.02 to 001.14 are read";
    let rest = space.rsplit_once("camt.").map_or("", |(_, rest)| rest);
    let version: u32 = rest.rsplit('.').next().and_then(|v| v.parse().ok()).unwrap_or(0);
    let source = match rest.get(..7) {
        Some("053.001") => Source::Camt053,
        Some("052.001") => Source::Camt052,
        Some("054.001") => Source::Camt054,
        Some(_) | None => return Err(BadFile::whole(format!("{space} is not read"), hint)),
    };
    if !(2..=14).contains(&version) {
        return Err(BadFile::whole(format!("{space} is not read"), hint));
    }
    Ok(source)
}

/// A statement whose entries have not begun.
#[derive(Default)]
struct Begun {
    head: Option<Node>,
    said: bool,
    entries: u64,
}

pub(super) fn walk<E>(input: impl BufRead, take: Take<'_, E>) -> Result<(), Stopped<E>> {
    let mut message = Message::new(input);
    let mut of: Option<Begun> = None;
    let mut any = false;
    loop {
        match message.next(&INTO)? {
            Next::Open(name) => {
                if name == "Document" {
                    source(&message.space)?;
                }
                if matches!(name.as_str(), "Stmt" | "Rpt" | "Ntfctn") {
                    of = Some(Begun { head: Some(Node::default()), ..Begun::default() });
                    any = true;
                }
            }
            Next::Node(node) => {
                let Some(begun) = &mut of else { continue };
                if node.name != "Ntry" {
                    if let Some(head) = &mut begun.head {
                        head.children.push(node);
                    }
                    continue;
                }
                say_head(begun, &message.space, take)?;
                begun.entries += 1;
                let seen = match status(&node).as_str() {
                    "BOOK" => Seen::Entry(Box::new(entry(&node, begun.entries))),
                    _ => Seen::Preview,
                };
                take(seen).map_err(Stopped::Taker)?;
            }
            Next::Close => {
                if let Some(mut begun) = of.take() {
                    say_head(&mut begun, &message.space, take)?;
                    take(Seen::End { closing: None, to: None }).map_err(Stopped::Taker)?;
                }
            }
            Next::End if any => return Ok(()),
            Next::End => {
                let hint = "camt.052, .053 and .054 are read";
                return Err(BadFile::whole("there is no statement in it", hint).into());
            }
        }
    }
}

fn say_head<E>(begun: &mut Begun, space: &str, take: Take<'_, E>) -> Result<(), Stopped<E>> {
    if std::mem::replace(&mut begun.said, true) {
        return Ok(());
    }
    let node = begun.head.take().unwrap_or_default();
    let head = head(&node, source(space)?);
    take(Seen::Head(Box::new(head))).map_err(Stopped::Taker)
}

/// `2026-11-20` of a date or a moment.
fn day(node: &Node, paths: &[&[&str]]) -> Option<NaiveDate> {
    let said = node.said(paths);
    parse_date(said.get(..10).unwrap_or(&said))
}

fn signed(node: &Node) -> String {
    let value = node.said(&[&["Amt"]]);
    if node.said(&[&["CdtDbtInd"]]) == "DBIT" { format!("-{value}") } else { value }
}

/// The balances by their codes: the first or the last of a code.
fn balance<'n>(node: &'n Node, codes: &[&str]) -> Option<&'n Node> {
    let code = |b: &Node| b.said(&[&["Tp", "CdOrPrtry", "Cd"]]);
    codes.iter().find_map(|wanted| {
        let mut all = node.all("Bal").filter(|b| code(b) == *wanted);
        if *wanted == "ITBD" { None } else { all.next() }
    })
}

fn head(node: &Node, source: Source) -> Head {
    let interim: Vec<&Node> =
        node.all("Bal").filter(|b| b.said(&[&["Tp", "CdOrPrtry", "Cd"]]) == "ITBD").collect();
    // A statement of several pages goes on from one interim balance to the next.
    let opening = balance(node, &["OPBD", "PRCD"]).or(interim.first().copied());
    let closing = balance(node, &["CLBD"]).or(interim.last().copied());
    let on = |b: Option<&Node>| b.and_then(|b| day(b, &[&["Dt", "Dt"], &["Dt", "DtTm"]]));
    let account: String = node
        .said(&[&["Acct", "Id", "IBAN"], &["Acct", "Id", "Othr", "Id"]])
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    let number = node.said(&[&["ElctrncSeqNb"], &["LglSeqNb"]]);
    Head {
        source,
        name: node.said(&[&["Id"]]),
        sequence: number.parse().ok(),
        account: account.to_uppercase(),
        currency: Some(node.said(&[&["Acct", "Ccy"]]))
            .filter(|c| !c.is_empty())
            .or_else(|| closing.and_then(|b| b.at(&["Amt"])).map(|amt| amt.currency.clone())),
        from: day(node, &[&["FrToDt", "FrDtTm"], &["FrToDt", "FrDt"]]).or(on(opening)),
        to: day(node, &[&["FrToDt", "ToDtTm"], &["FrToDt", "ToDt"]]).or(on(closing)),
        opening: opening.map(signed),
        closing: closing.map(signed),
    }
}

fn status(node: &Node) -> String {
    node.said(&[&["Sts", "Cd"], &["Sts", "Prtry"], &["Sts"]])
}

fn amount(node: &Node, path: &[&str], negative: bool) -> Option<Amount> {
    let node = node.at(path)?;
    let (value, currency) = (node.text.trim().to_owned(), node.currency.clone());
    Some(Amount { value, currency, negative })
}

/// Charges that the entry is less: those that are told as not included are none.
fn charges(node: &Node) -> Vec<Amount> {
    let mut found = Vec::new();
    for all in node.all("Chrgs") {
        let records: Vec<&Node> = all.all("Rcrd").collect();
        for one in if records.is_empty() { vec![all] } else { records } {
            if one.said(&[&["ChrgInclInd"]]) != "false" {
                let credited = one.said(&[&["CdtDbtInd"]]) == "CRDT";
                found.extend(amount(one, &["Amt"], credited));
            }
        }
    }
    found
}

fn entry(node: &Node, at: u64) -> RawEntry {
    let negative = node.said(&[&["CdtDbtInd"]]) == "DBIT";
    let parts: Vec<&Node> = node.all("NtryDtls").flat_map(|d| d.all("TxDtls")).collect();
    let mut details: Vec<RawDetail> = parts.iter().map(|part| detail(part, negative)).collect();
    if details.is_empty() {
        details.push(RawDetail::default());
    }
    let information = node.said(&[&["AddtlNtryInf"]]);
    for one in details.iter_mut().filter(|d| d.text.is_empty()) {
        one.text.clone_from(&information);
    }
    RawEntry {
        reference: node.said(&[&["AcctSvcrRef"]]),
        place: node.said(&[&["NtryRef"]]),
        on: node
            .said(&[&["BookgDt", "Dt"], &["BookgDt", "DtTm"], &["ValDt", "Dt"], &["ValDt", "DtTm"]])
            .chars()
            .take(10)
            .collect(),
        amount: amount(node, &["Amt"], negative).unwrap_or_default(),
        charges: charges(node),
        details,
        at,
    }
}

/// What is no reference, though it stands where one would.
fn real(reference: String) -> String {
    let none = ["NOTPROVIDED", "NONREF", "NOTAVAILABLE", "NONE"];
    if none.contains(&reference.to_uppercase().as_str()) { String::new() } else { reference }
}

fn detail(node: &Node, negative: bool) -> RawDetail {
    let negative = match node.said(&[&["CdtDbtInd"]]).as_str() {
        "DBIT" => true,
        "CRDT" => false,
        _ => negative,
    };
    let mut words: Vec<String> = Vec::new();
    let mut reference = String::new();
    if let Some(told) = node.at(&["RmtInf"]) {
        words.extend(told.all("Ustrd").map(|u| u.text.trim().to_owned()));
        for part in told.all("Strd") {
            let said = part.said(&[&["CdtrRefInf", "Ref"]]);
            if reference.is_empty() {
                reference.clone_from(&said);
            } else if !said.is_empty() {
                words.push(said);
            }
            words.extend(part.all("RfrdDocInf").map(|d| d.said(&[&["Nb"]])));
            words.extend(part.all("AddtlRmtInf").map(|a| a.text.trim().to_owned()));
        }
    }
    words.push(node.said(&[&["AddtlTxInf"]]));
    words.retain(|word| !word.is_empty());
    let (party, account) = if negative { ("Cdtr", "CdtrAcct") } else { ("Dbtr", "DbtrAcct") };
    let of = |path: &[&str]| -> String { node.said(&[&[&["RltdPties"], path].concat()]) };
    let payer = [of(&[party, "Nm"]), of(&[party, "Pty", "Nm"])];
    let iban = [of(&[account, "Id", "IBAN"]), of(&[account, "Id", "Othr", "Id"])];
    let first = |all: [String; 2]| all.into_iter().find(|one| !one.is_empty()).unwrap_or_default();
    RawDetail {
        amount: amount(node, &["Amt"], negative)
            .or_else(|| amount(node, &["AmtDtls", "TxAmt", "Amt"], negative)),
        charges: charges(node),
        text: words.join("\n"),
        reference,
        payer: first(payer),
        iban: first(iban),
        end_to_end: real(node.said(&[&["Refs", "EndToEndId"]])),
        code: node.said(&[&["RtrInf", "Rsn", "Cd"], &["RtrInf", "Rsn", "Prtry"]]),
    }
}
