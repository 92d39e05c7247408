//! A Stripe on a loopback socket: it keeps intents, refunds and disputes as Stripe lists them and saved
//! answers by key, and can be made to do what was seen of the real one when lines break: answers nobody
//! hears, requests that never arrive, stored errors that come again for the same key, keys that are
//! forgotten, lists that are empty or without our key, and a clock of its own.

use crate::harness::book::Book;
use crate::harness::collect::owing;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex};

/// What becomes of one request for money.
#[derive(Clone)]
pub enum Fate {
    /// Done and answered.
    Answered,
    /// Done; nobody hears of it.
    Unheard,
    /// It never arrives.
    Lost,
    /// Done, and answered with a stored 500.
    FailedAfter,
    /// Not done, and answered with a stored 500.
    FailedBefore,
    /// The key of the account is refused: our set-up.
    Refused,
    /// It never arrives, and the line is cut only at the second meeting.
    Held(Arc<Barrier>),
}

/// What lists show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lists {
    /// What there is; the search and the events too.
    Right,
    /// Nothing at all.
    Empty,
    /// What there is, without our keys.
    Foreign,
    /// Nothing but the events.
    Told,
}

/// What the `Date` of an answer says.
#[derive(Clone, Copy)]
pub enum Clock {
    /// There is none.
    None,
    /// This moment, UTC s.
    At(i64),
    /// So far from the machine's, s.
    Off(i64),
}

/// What the fake knows.
pub struct There {
    pub intents: Vec<Value>,
    pub refunds: Vec<Value>,
    pub disputes: Vec<Value>,
    /// Status of the next intents.
    pub status: &'static str,
    /// Of the next requests, by path and account; then `rest`.
    pub fates: BTreeMap<(&'static str, String), VecDeque<Fate>>,
    pub rest: Fate,
    pub lists: Lists,
    pub clock: Clock,
    /// Pages that are still answered; then it hangs up.
    pub pages: Option<usize>,
    pub asked: Vec<String>,
    /// Answers by key, with the moment of each.
    saved: BTreeMap<String, (i64, u16, Value)>,
}

#[derive(Clone)]
pub struct Fake {
    pub base: String,
    there: Arc<Mutex<There>>,
}

/// The fake lists so many objects a page, whatever limit is asked for.
const PAGE: usize = 2;
/// 2026-01-05 12:00 UTC, where the books' clocks begin.
pub const NOON: i64 = 1_767_614_400;
/// Stripe keeps keys so long, s.
const KEY_LIFE: i64 = 24 * 3_600;

/// Where money is asked for, and where it is given back.
pub const CHARGES: &str = "/v1/payment_intents";
pub const REFUNDS: &str = "/v1/refunds";

impl Fake {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let there = Arc::new(Mutex::new(There {
            intents: Vec::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
            status: "succeeded",
            fates: BTreeMap::new(),
            rest: Fate::Answered,
            lists: Lists::Right,
            clock: Clock::None,
            pages: None,
            asked: Vec::new(),
            saved: BTreeMap::new(),
        }));
        let state = Arc::clone(&there);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&state);
                // A caller that was killed hangs up in the middle.
                std::thread::spawn(move || drop(answer(socket, &state)));
            }
        });
        Self { base, there }
    }

    pub fn with<T>(&self, work: impl FnOnce(&mut There) -> T) -> T {
        work(&mut self.there.lock().unwrap())
    }

    /// What becomes of the next requests of an account.
    pub fn fates(&self, path: &'static str, account: &str, fates: &[Fate]) {
        let fates = fates.iter().cloned().collect();
        self.with(|t| t.fates.insert((path, account.to_owned()), fates));
    }

    /// The intent of the n-th charge, from 0, as lists expand it.
    pub fn intent(&self, n: usize) -> Value {
        self.with(|t| t.intents[n].clone())
    }

    pub fn refund(&self, id: &str, intent: Value, amount: i64) {
        let refund = json!({ "id": id, "amount": amount, "currency": "eur", "status": "succeeded",
            "reason": "requested_by_customer", "created": NOON + 3_600, "metadata": {},
            "payment_intent": intent });
        self.with(|t| t.refunds.insert(0, refund));
    }

    pub fn dispute(&self, id: &str, intent: Value, amount: i64, moves: &[i64]) {
        let moves: Vec<_> =
            moves.iter().map(|m| json!({ "amount": m, "created": NOON + 86_400 })).collect();
        let dispute = json!({ "id": id, "amount": amount, "currency": "eur", "status": "needs_response",
            "reason": "product_not_received", "created": NOON + 7_200, "metadata": {},
            "payment_intent": intent, "balance_transactions": moves });
        self.with(|t| t.disputes.insert(0, dispute));
    }

    /// Money by account: charged, and given back.
    pub fn moved(&self) -> BTreeMap<String, (i64, i64)> {
        let mut all: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        let amount = |object: &Value| object["amount"].as_i64().unwrap();
        self.with(|t| {
            for intent in &t.intents {
                let account = intent["account"].as_str().unwrap().to_owned();
                all.entry(account).or_default().0 += amount(intent);
            }
            for refund in &t.refunds {
                let account = refund["payment_intent"]["account"].as_str().unwrap();
                all.entry(account.to_owned()).or_default().1 += amount(refund);
            }
        });
        all
    }
}

/// A whole answer, a line that is cut, or one that is cut when the test says so.
enum Reply {
    Body(u16, Value),
    Cut,
    Held(Arc<Barrier>),
}

fn answer(socket: TcpStream, state: &Mutex<There>) -> std::io::Result<()> {
    let mut reader = BufReader::new(socket.try_clone()?);
    let (mut head, mut length, mut key) = (String::new(), 0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some((name, value)) = line.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap(),
                "idempotency-key" => value.trim().clone_into(&mut key),
                _ => {}
            }
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let request = head.lines().next().unwrap_or_default().to_owned();
    let form = String::from_utf8(body).unwrap();
    let (reply, date) = {
        let mut there = state.lock().unwrap();
        let reply = reply(&mut there, &request, &form, &key);
        (reply, date(there.clock))
    };
    let mut socket = socket;
    match reply {
        Reply::Body(status, body) => {
            let text = body.to_string();
            let head = "content-type: application/json\r\nconnection: close\r\n";
            let length = text.len();
            let all = format!(
                "HTTP/1.1 {status} X\r\n{head}{date}content-length: {length}\r\n\r\n{text}"
            );
            socket.write_all(all.as_bytes())?;
        }
        Reply::Cut => {}
        Reply::Held(meeting) => {
            meeting.wait();
            meeting.wait();
        }
    }
    socket.shutdown(Shutdown::Both)
}

fn seconds(clock: Clock) -> Option<i64> {
    match clock {
        Clock::None => None,
        Clock::At(at) => Some(at),
        Clock::Off(off) => Some(Utc::now().timestamp() + off),
    }
}

fn date(clock: Clock) -> String {
    let at = seconds(clock).and_then(|at| DateTime::from_timestamp(at, 0));
    at.map(|at| format!("date: {}\r\n", at.format("%a, %d %b %Y %H:%M:%S GMT"))).unwrap_or_default()
}

fn field<'a>(form: &'a str, name: &str) -> &'a str {
    form.split('&').find_map(|p| p.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
}

fn reply(there: &mut There, request: &str, form: &str, key: &str) -> Reply {
    there.asked.push(request.to_owned());
    let mut words = request.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Reply::Cut };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match (method, path) {
        ("POST", CHARGES) => post(there, CHARGES, field(form, "metadata%5Baccount%5D"), form, key),
        ("POST", REFUNDS) => {
            let intent = field(form, "payment_intent");
            let of = there.intents.iter().find(|i| i["id"] == intent).cloned();
            let Some(of) = of else { return Reply::Body(404, json!({ "error": {} })) };
            post(there, REFUNDS, of["account"].as_str().unwrap_or_default(), form, key)
        }
        ("GET", list) => {
            if let Some(pages) = &mut there.pages {
                let Some(left) = pages.checked_sub(1) else { return Reply::Cut };
                *pages = left;
            }
            Reply::Body(200, listed(there, list, query))
        }
        (_, _) => Reply::Body(200, json!({})),
    }
}

/// A request for money: a known key gets its answer again, whatever it asks for.
fn post(there: &mut There, path: &'static str, account: &str, form: &str, key: &str) -> Reply {
    let fates = there.fates.get_mut(&(path, account.to_owned()));
    let fate = fates.and_then(VecDeque::pop_front).unwrap_or_else(|| there.rest.clone());
    match fate {
        Fate::Lost => return Reply::Cut,
        Fate::Held(meeting) => return Reply::Held(meeting),
        Fate::Refused => return Reply::Body(401, json!({ "error": { "message": "no" } })),
        Fate::Answered | Fate::Unheard | Fate::FailedAfter | Fate::FailedBefore => {}
    }
    let now = seconds(there.clock).unwrap_or(NOON);
    let known = there.saved.get(key).filter(|(at, _, _)| now - at < KEY_LIFE);
    let (status, body) = match known {
        Some((_, status, body)) => (*status, body.clone()),
        None => {
            let failed = (500, json!({ "error": { "type": "api_error" } }));
            let answer = match fate {
                Fate::FailedBefore => failed,
                Fate::FailedAfter => {
                    make(there, path, account, form);
                    failed
                }
                _ => (200, make(there, path, account, form)),
            };
            there.saved.insert(key.to_owned(), (now, answer.0, answer.1.clone()));
            answer
        }
    };
    if matches!(fate, Fate::Unheard) { Reply::Cut } else { Reply::Body(status, body) }
}

fn make(there: &mut There, path: &str, account: &str, form: &str) -> Value {
    let amount: i64 = field(form, "amount").parse().unwrap();
    let ours = field(form, "metadata%5Bdaybook_key%5D");
    if path == CHARGES {
        let id = format!("pi_{}", there.intents.len() + 1);
        let made = json!({ "id": id, "status": there.status, "amount": amount, "account": account,
            "currency": field(form, "currency"), "metadata": { "daybook_key": ours } });
        there.intents.push(made.clone());
        return made;
    }
    let intent = field(form, "payment_intent");
    let intent = there.intents.iter().find(|i| i["id"] == intent).unwrap().clone();
    let id = format!("re_ours_{}", there.refunds.len() + 1);
    let made = json!({ "id": id, "amount": amount, "currency": "eur", "status": "pending",
        "created": NOON + 60, "metadata": { "daybook_key": ours }, "payment_intent": intent });
    there.refunds.insert(0, made.clone());
    made
}

fn listed(there: &There, path: &str, query: &str) -> Value {
    let events = || {
        let of = |i: &Value| json!({ "id": format!("evt_{}", i["id"].as_str().unwrap()), "data": { "object": i } });
        there.intents.iter().map(of).collect()
    };
    let mut all: Vec<Value> = match (there.lists, path) {
        (_, "/v1/disputes") => there.disputes.clone(),
        (Lists::Empty, _) => Vec::new(),
        (_, "/v1/events") => events(),
        (lists, one) if one.strip_prefix("/v1/payment_intents/").is_some_and(|n| n != "search") => {
            let found = there.intents.iter().find(|i| one.ends_with(i["id"].as_str().unwrap()));
            return found.filter(|_| lists != Lists::Foreign).cloned().unwrap_or_default();
        }
        (Lists::Told, _) => Vec::new(),
        (_, CHARGES | "/v1/payment_intents/search") => there.intents.clone(),
        (_, REFUNDS) => there.refunds.clone(),
        (_, _) => Vec::new(),
    };
    if there.lists == Lists::Foreign {
        for object in &mut all {
            object["metadata"] = json!({});
            object["data"] = json!({ "object": { "id": "pi_9", "metadata": {} } });
            object["payment_intent"] = json!({ "id": "pi_9", "metadata": {} });
        }
    }
    let since: i64 = field(query, "created%5Bgte%5D").parse().unwrap_or(0);
    let after = field(query, "starting_after");
    let rest: Vec<&Value> = all
        .iter()
        .filter(|o| o["created"].as_i64().is_none_or(|at| at >= since))
        .skip_while(|o| !after.is_empty() && o["id"] != after)
        .skip(usize::from(!after.is_empty()))
        .collect();
    let page: Vec<&Value> = rest.iter().take(PAGE).copied().collect();
    json!({ "data": page, "has_more": rest.len() > PAGE })
}

/// Lets a book charge at the fake, one request after the other.
pub fn connect(book: &Book, fake: &Fake) {
    let secret = book.secret("key", "sk_test_4711", 0o600);
    for (key, value) in [
        ("payment.gateway", "stripe"),
        ("stripe.base_url", fake.base.as_str()),
        ("stripe.secret_file", secret),
        ("payment.concurrency", "1"),
    ] {
        book.run(&["settings", "set", key, value]).ends(0);
    }
}

/// A book whose accounts owe 10.00 EUR each and pay by Stripe, by card or by bank debit.
pub fn book(fake: &Fake, kinds: &[&str]) -> Book {
    let book = owing(&vec![""; kinds.len()]);
    connect(&book, fake);
    let mut methods = "account_number,gateway,token,kind,display\n".to_owned();
    for (n, kind) in kinds.iter().enumerate() {
        methods.push_str(&format!("A{0},stripe,cus_{0}/pm_{0},{kind},{kind} {0}\n", n + 1));
    }
    book.import("methods.csv", methods, &[]);
    book
}
