use super::client::seen as seen_in;
use super::*;
use crate::domain::money::Currency;
use crate::domain::payment::DeclineClass;
use crate::gateway::Seen;
use crate::gateway::secret::Secret;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A Stripe that answers each connection with the next of the given raw replies, and hands on
/// what it was asked. An empty reply hangs up without a word.
struct Fake {
    base: String,
    asked: Receiver<String>,
}

impl Fake {
    fn new(replies: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (send, asked) = channel();
        std::thread::spawn(move || {
            for reply in replies {
                let (mut socket, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(socket.try_clone().unwrap());
                let mut text = String::new();
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    let end = line.trim().is_empty();
                    text.push_str(&line);
                    if end {
                        break;
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                text.push_str(&String::from_utf8(body).unwrap());
                let _ = send.send(text);
                let _ = socket.write_all(reply.as_bytes());
                let _ = socket.shutdown(Shutdown::Both);
            }
        });
        Self { base, asked }
    }

    fn stripe(&self) -> Stripe {
        Stripe::new(&self.base, secret(), Duration::from_secs(5)).unwrap()
    }
}

fn secret() -> Secret {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    std::fs::write(&path, "sk_test_4711").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    {
        use crate::gateway::secret::{Kind, read};
        read(Kind::Gateway, &path.to_string_lossy(), dir.path()).unwrap()
    }
}

fn reply(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn request() -> ChargeRequest {
    ChargeRequest {
        key: "P-000001-abc".to_owned(),
        customer: "A-1".to_owned(),
        token: "cus_1/pm_2".to_owned(),
        kind: MethodKind::Card,
        amount_minor: 1234,
        currency: Currency::parse("EUR").unwrap(),
        description: "INV-2026-000001".to_owned(),
        at_ms: 1_700_000_000_000,
    }
}

/// An intent of the request above as Stripe tells it.
fn intent(id: &str, status: &str) -> String {
    format!(
        r#"{{"id":"{id}","status":"{status}","amount":1234,"amount_received":1234,"currency":"eur","metadata":{{"daybook_key":"P-000001-abc"}}}}"#
    )
}

fn list(objects: &[String], more: bool) -> String {
    reply(200, &format!(r#"{{"data":[{}],"has_more":{more}}}"#, objects.join(",")))
}

fn seen(reference: &str) -> Seen {
    Seen {
        reference: reference.to_owned(),
        key: "P-000001-abc".to_owned(),
        amount_minor: 1234,
        currency: Currency::parse("EUR").unwrap(),
        made_at: None,
    }
}

fn query() -> LookUp {
    LookUp {
        key: "P-000001-abc".to_owned(),
        refund_of: None,
        token: "cus_1/pm_2".to_owned(),
        at_ms: 1_700_000_100_000,
    }
}

#[test]
fn a_charge_is_an_off_session_intent_under_its_key() {
    let fake = Fake::new(vec![reply(200, &intent("pi_1", "succeeded"))]);
    assert_eq!(fake.stripe().charge(&request()), Outcome::Approved { seen: seen("pi_1") });
    let asked = fake.asked.recv().unwrap();
    assert!(asked.starts_with("POST /v1/payment_intents HTTP/1.1\r\n"), "{asked}");
    let lower = asked.to_ascii_lowercase();
    assert!(lower.contains("\r\nidempotency-key: p-000001-abc\r\n"));
    assert!(asked.contains("Bearer sk_test_4711"));
    for field in [
        "amount=1234",
        "currency=eur",
        "payment_method=pm_2",
        "customer=cus_1",
        "confirm=true",
        "off_session=true",
        "metadata%5Bdaybook_key%5D=P-000001-abc",
    ] {
        assert!(asked.contains(field), "{field} in {asked}");
    }
}

#[test]
fn answers_become_outcomes() {
    let declined = |code: &str| Outcome::declined(code);
    let unknown = |why: &str| Outcome::Unknown { why: why.to_owned() };
    let cases = [
        (reply(200, &intent("pi_1", "processing")), Outcome::Submitted { seen: seen("pi_1") }),
        (
            reply(200, r#"{"id":"pi_1","status":"requires_action"}"#),
            declined("authentication_required"),
        ),
        (
            reply(
                402,
                r#"{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds"}}"#,
            ),
            declined("insufficient_funds"),
        ),
        (
            reply(402, r#"{"error":{"type":"card_error","code":"expired_card"}}"#),
            declined("expired_card"),
        ),
        (
            reply(
                400,
                r#"{"error":{"type":"invalid_request_error","code":"resource_missing","param":"payment_method"}}"#,
            ),
            declined("payment_method_not_available"),
        ),
        (
            reply(
                400,
                r#"{"error":{"type":"idempotency_error","message":"Keys for \u001b[2Jidempotent"}}"#,
            ),
            unknown("Keys for [2Jidempotent"),
        ),
        (
            reply(401, r#"{"error":{"type":"invalid_request_error","message":"Invalid API Key"}}"#),
            Outcome::SetUp {
                code: "invalid_request_error".into(),
                words: "Invalid API Key".into(),
            },
        ),
        (reply(409, r#"{"error":{"type":"idempotency_error"}}"#), unknown("HTTP 409")),
        (reply(500, r#"{"error":{"type":"api_error"}}"#), unknown("HTTP 500")),
        (reply(503, "<html>down</html>"), unknown("HTTP 503")),
        (
            reply(301, "{}").replace(
                "connection: close",
                "location: https://evil.example/\r\nconnection: close",
            ),
            Outcome::SetUp { code: "301".into(), words: String::new() },
        ),
    ];
    for (raw, outcome) in cases {
        let fake = Fake::new(vec![raw.clone()]);
        assert_eq!(fake.stripe().charge(&request()), outcome, "{raw}");
    }
}

#[test]
fn what_may_have_arrived_is_unknown_and_what_cannot_have_is_not() {
    let cut = reply(200, &intent("pi_1", "succeeded"));
    let bare = reply(200, r#"{"id":"pi_1","status":"succeeded"}"#);
    for raw in [String::new(), cut[..cut.len() - 9].to_owned(), reply(200, "{\"id\":"), bare] {
        let fake = Fake::new(vec![raw.clone()]);
        let outcome = fake.stripe().charge(&request());
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{raw}: {outcome:?}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let stripe = Stripe::new(&base, secret(), Duration::from_secs(5)).unwrap();
    assert!(matches!(stripe.charge(&request()), Outcome::Unreachable { .. }));
    assert!(matches!(stripe.look_up(&query()), Found::Failed { .. }));
    // Somebody accepts and never answers: the time-out leaves it open.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", silent.local_addr().unwrap());
    let stripe = Stripe::new(&base, secret(), Duration::from_millis(200)).unwrap();
    assert!(matches!(stripe.charge(&request()), Outcome::Unknown { .. }));
}

#[test]
fn a_look_up_pages_through_the_customers_payments_and_finds_the_key() {
    let other = r#"{"id":"pi_9","status":"succeeded","metadata":{"daybook_key":"x"}}"#.to_owned();
    let fake = Fake::new(vec![list(&[other], true), list(&[intent("pi_1", "succeeded")], false)]);
    let found = fake.stripe().look_up(&query());
    assert_eq!(found, Found::Is(Outcome::Approved { seen: seen("pi_1") }));
    let first = fake.asked.recv().unwrap();
    assert!(first.contains("customer=cus_1") && !first.contains("created"), "{first}");
    assert!(fake.asked.recv().unwrap().contains("starting_after=pi_9"));

    let by_method = LookUp { token: "pm_2".into(), ..query() };
    let none = Fake::new(vec![list(&[], false), list(&[], false)]);
    assert_eq!(none.stripe().look_up(&by_method), Found::Nothing);
    assert!(none.asked.recv().unwrap().starts_with("GET /v1/payment_intents/search?query="));

    let broken = Fake::new(vec![reply(500, "{}"); 3]);
    assert!(matches!(broken.stripe().look_up(&query()), Found::Failed { .. }));
}

#[test]
fn what_the_list_does_not_show_is_looked_for_in_the_search_and_in_the_events() {
    let approved = Found::Is(Outcome::Approved { seen: seen("pi_1") });
    let searched = Fake::new(vec![list(&[], false), list(&[intent("pi_1", "succeeded")], false)]);
    assert_eq!(searched.stripe().look_up(&query()), approved);
    // An event is history: the payment it names is asked for as it is now.
    let event = format!(
        r#"{{"id":"evt_1","data":{{"object":{}}}}}"#,
        intent("pi_1", "requires_payment_method")
    );
    let told = Fake::new(vec![
        list(&[], false),
        list(&[], false),
        list(&[event], false),
        reply(200, &intent("pi_1", "succeeded")),
        list(&[], false),
        list(&[], false),
        reply(200, &intent("pi_1", "succeeded")),
    ]);
    let stripe = told.stripe();
    assert_eq!(stripe.look_up(&query()), approved);
    // The list of events serves the next look-up too.
    assert_eq!(stripe.look_up(&query()), approved);
    let asked: Vec<_> = told.asked.try_iter().collect();
    assert!(asked.iter().all(|a| !a.contains("created")), "{asked:?}");
    assert!(asked[2].starts_with("GET /v1/events?") && asked.len() == 7, "{asked:?}");
    // Every part of it may be refused; what one says is enough to have asked.
    let half = Fake::new(vec![list(&[], false), reply(403, "{}"), reply(403, "{}")]);
    assert_eq!(half.stripe().look_up(&query()), Found::Nothing);
}

#[test]
fn of_several_payments_with_one_key_the_money_counts() {
    let both = [intent("pi_2", "requires_payment_method"), intent("pi_1", "succeeded")];
    let fake = Fake::new(vec![list(&both, false)]);
    let found = fake.stripe().look_up(&query());
    assert_eq!(found, Found::Is(Outcome::Approved { seen: seen("pi_1") }));
}

#[test]
fn an_answer_counts_only_if_it_is_about_what_was_asked_for() {
    let good = intent("pi_1", "succeeded");
    let held = |body: &str| {
        let fake = Fake::new(vec![reply(200, body)]);
        let asked = request();
        fake.stripe().charge(&asked).held_against(&asked.key, asked.amount_minor, asked.currency)
    };
    assert_eq!(held(&good), Outcome::Approved { seen: seen("pi_1") });
    let cases = [
        good.replace("P-000001-abc", "P-000002-abc"),
        good.replace("daybook_key", "other_key"),
        good.replace("1234", "1235"),
        good.replace(r#""amount_received":1234"#, r#""amount_received":1000"#),
        good.replace("eur", "usd"),
        good.replace("eur", "xyz"),
        good.replace("pi_1", ""),
        good.replace(r#""id":"pi_1","#, ""),
        good.replace("succeeded", "processing").replace("1234", "1"),
        good.replace(r#""amount":1234,"amount_received":1234,"#, ""),
    ];
    for body in cases {
        assert!(matches!(held(&body), Outcome::Unknown { .. }), "{body}");
    }
    // ISK has no digits with us and two there: what is below our unit is not ours.
    let isk = |amount: i64| {
        seen_of(&format!(r#"{{"id":"pi_1","amount":{amount},"currency":"isk","metadata":{{}}}}"#))
    };
    assert_eq!(isk(123_400).map(|s| s.amount_minor), Some(1_234));
    assert_eq!(isk(123_450), None);
}

fn seen_of(json: &str) -> Option<Seen> {
    seen_in(&serde_json::from_str(json).unwrap())
}

#[test]
fn the_other_clock_is_told_by_any_answer() {
    let dated = |status: u16| {
        reply(status, "{}")
            .replace("connection:", "date: Sat, 28 Nov 2026 08:00:00 GMT\r\nconnection:")
    };
    let fake = Fake::new(vec![dated(403)]);
    let stripe = fake.stripe();
    let at = 1_795_852_800_000;
    let told = stripe.clock(0).unwrap();
    assert!((at..at + 30_000).contains(&told), "{told}");
    // It goes on without being asked for again.
    assert!(stripe.clock(0).unwrap() >= told);
    assert_eq!(fake.asked.try_iter().count(), 1);
    let mute = Fake::new(vec![reply(200, "{}")]);
    assert_eq!(mute.stripe().clock(0), None);
}

#[test]
fn refunds_have_their_own_key_and_words() {
    let body = r#"{"id":"re_1","status":"pending","amount":5,"currency":"eur","metadata":{"daybook_key":"R-1"}}"#;
    let fake = Fake::new(vec![
        reply(200, body),
        reply(400, r#"{"error":{"code":"charge_already_refunded","message":"m"}}"#),
    ]);
    let refund = RefundRequest {
        key: "R-1".into(),
        reference: "pi_1".into(),
        amount_minor: 5,
        currency: Currency::parse("EUR").unwrap(),
        at_ms: 0,
    };
    let given = Seen { reference: "re_1".into(), key: "R-1".into(), amount_minor: 5, ..seen("") };
    assert_eq!(fake.stripe().refund(&refund), Outcome::Submitted { seen: given });
    let asked = fake.asked.recv().unwrap();
    assert!(asked.contains("payment_intent=pi_1") && asked.contains("amount=5"), "{asked}");
    assert!(matches!(fake.stripe().refund(&refund), Outcome::SetUp { .. }));
}

#[test]
fn amounts_follow_stripes_own_units() {
    let amount = |minor, code| stripe_amount(minor, Currency::parse(code).unwrap());
    assert_eq!(amount(100, "EUR"), Ok(100));
    assert_eq!(amount(100, "JPY"), Ok(100));
    assert_eq!(amount(100, "ISK"), Ok(10_000));
    assert_eq!(amount(1_230, "KWD"), Ok(1_230));
    assert!(amount(1_234, "KWD").is_err() && amount(150, "MGA").is_err());
    assert_eq!(amount(300, "MGA"), Ok(3));
}

#[test]
fn a_decline_carries_class_and_words() {
    let Outcome::Declined { class, words, .. } = Outcome::declined("stolen_card") else {
        panic!("not declined")
    };
    assert_eq!((class, words.as_str()), (DeclineClass::Hard, "the card was reported stolen"));
}
