//! Mail over real sockets: every outcome, hang-ups at nine points, the drop folder.

use crate::harness::sink::{HangUp, POINTS, Script, Sink};
use daybook::mail::drop::DropFolder;
use daybook::mail::smtp::{Login, Server, Smtp, Tls};
use daybook::mail::{Envelope, MailOutcome, Mailer};
use std::time::Duration;

fn mailer(port: u16, login: Option<(&str, &str)>) -> Smtp {
    Smtp::new(Server {
        host: "127.0.0.1".into(),
        port,
        tls: Tls::None,
        login: login.map(|(user, password)| Login { user: user.into(), password: password.into() }),
        authorities: Vec::new(),
        patience: Duration::from_secs(10),
    })
    .unwrap()
}

fn envelope(to: &str) -> Envelope {
    Envelope::one("billing@issuer.example".into(), to.into(), format!("DL-1.{to}"))
}

fn to_all(to: &[&str]) -> Envelope {
    let to: Vec<String> = to.iter().map(|to| (*to).to_owned()).collect();
    let named = to.len();
    Envelope { from: "billing@issuer.example".into(), to, named, message_id: "DL-1.x".into() }
}

const MESSAGE: &[u8] = b"Subject: x\r\n\r\n.dot first\r\nlast";

#[test]
fn a_message_arrives_whole_and_the_connection_is_kept() {
    let sink = Sink::start(Script::default());
    let mailer = mailer(sink.port, None);
    for i in 0..20 {
        let outcome = mailer.send_one(envelope(&format!("c{i}@example.com")), MESSAGE);
        assert!(
            matches!(&outcome, MailOutcome::Sent { reply } if reply == "250 taken"),
            "{outcome:?}"
        );
    }
    let taken = sink.taken();
    assert_eq!((taken.len(), sink.connections()), (20, 1));
    assert_eq!(taken[3].0, "c3@example.com");
    assert_eq!(taken[3].1, b"Subject: x\r\n\r\n.dot first\r\nlast\r\n");
}

#[test]
fn refusals_are_told_apart() {
    let sink = Sink::start(Script::default());
    sink.script(|s| {
        s.rcpt.insert("later@example.com".into(), "451 4.7.1 greylisted".into());
        s.rcpt.insert("never@example.com".into(), "550 5.1.1 unknown".into());
    });
    let mailer = mailer(sink.port, None);
    let later = mailer.send_one(envelope("later@example.com"), MESSAGE);
    assert_eq!(later, MailOutcome::Deferred { reply: "451 4.7.1 greylisted".into() });
    let never = mailer.send_one(envelope("never@example.com"), MESSAGE);
    assert_eq!(never, MailOutcome::Bounced { reply: "550 5.1.1 unknown".into() });
    let fine = mailer.send_one(envelope("fine@example.com"), MESSAGE);
    assert!(
        matches!(fine, MailOutcome::Sent { .. }),
        "one refusal does not stop the next: {fine:?}"
    );
    sink.script(|s| s.dot = Some("554 5.7.1 spam".into()));
    let spam = mailer.send_one(envelope("fine@example.com"), MESSAGE);
    assert_eq!(spam, MailOutcome::Bounced { reply: "554 5.7.1 spam".into() });
    sink.script(|s| s.dot = Some("452 full".into()));
    let full = mailer.send_one(envelope("fine@example.com"), MESSAGE);
    assert_eq!(full, MailOutcome::Deferred { reply: "452 full".into() });
    assert_eq!(sink.taken().len(), 1);
    let bad = mailer.send_one(envelope("no address"), MESSAGE);
    assert!(matches!(bad, MailOutcome::Bounced { .. }), "{bad:?}");
}

/// What each address of a message is answered, with commands one by one and all at once.
#[test]
fn each_recipient_of_a_message_is_answered_for_itself() {
    let (fine, later, never) = ("a@fine.example", "b@later.example", "c@never.example");
    for pipelining in [false, true] {
        let sink = Sink::start(Script { pipelining, ..Script::default() });
        sink.script(|s| {
            s.rcpt.insert(later.into(), "451 4.7.1 greylisted".into());
            s.rcpt.insert(never.into(), "550 5.1.1 unknown".into());
        });
        let mailer = mailer(sink.port, None);
        let told = |to: &[&str]| -> Vec<&'static str> {
            let outcomes = mailer.send(&to_all(to), MESSAGE);
            outcomes.iter().map(kind).collect()
        };
        let all = [later, fine, never, "no address", "d@fine.example"];
        assert_eq!(told(&all), ["deferred", "sent", "bounced", "bounced", "sent"]);
        let got: Vec<String> = sink.taken().into_iter().map(|(to, _)| to).collect();
        assert_eq!((got, sink.messages()), (vec![fine.into(), "d@fine.example".into()], 1));
        // Nobody left: no message.
        assert_eq!(told(&[later, never]), ["deferred", "bounced"]);
        assert_eq!(told(&["no address"]), ["bounced"]);
        assert_eq!(sink.messages(), 1);
        // The answer to the message is that of all whom it was taken for.
        sink.script(|s| s.dot = Some("554 5.7.1 spam".into()));
        assert_eq!(told(&[fine, later, "d@fine.example"]), ["bounced", "deferred", "bounced"]);
        sink.script(|s| {
            s.dot = None;
            s.hang_up.push(HangUp::Dot);
        });
        assert_eq!(told(&[never, fine, "d@fine.example"]), ["bounced", "unknown", "unknown"]);
        assert_eq!(told(&[fine]), ["sent"], "on a new connection");
        assert_eq!(sink.connections(), 2);
        // A server that goes in the middle has taken nothing, and refuses no recipient.
        sink.script(|s| drop(s.rcpt.insert(later.into(), "421 4.3.2 going down".into())));
        assert_eq!(told(&[fine, later, never]), ["lost", "deferred", "lost"]);
    }
}

fn kind(outcome: &MailOutcome) -> &'static str {
    match outcome {
        MailOutcome::Sent { .. } => "sent",
        MailOutcome::Deferred { .. } => "deferred",
        MailOutcome::Bounced { .. } => "bounced",
        MailOutcome::TransportDown { .. } => "down",
        MailOutcome::LostBeforeData { .. } => "lost",
        MailOutcome::Unconfirmed { .. } => "unknown",
    }
}

/// A refusal of us is no refusal of a message; one that a used connection is worn out is neither.
#[test]
fn a_server_that_refuses_us_refuses_no_message() {
    let sink = Sink::start(Script { per_connection: 2, ..Script::default() });
    let kept = mailer(sink.port, None);
    for _ in 0..5 {
        let sent = kept.send(&to_all(&["a@x.example", "b@y.example"]), MESSAGE);
        assert_eq!(sent.iter().map(kind).collect::<Vec<_>>(), ["sent", "sent"], "{sent:?}");
    }
    assert_eq!((sink.messages(), sink.connections()), (5, 3));
    for (greeting, mail) in [
        (Some("421 4.7.0 too busy"), None),
        (Some("554 5.7.1 not from there"), None),
        (None, Some("451 4.7.1 too much mail from you")),
        (None, Some("553 5.7.1 sender rejected")),
    ] {
        sink.script(|s| {
            (s.greeting, s.mail) = (greeting.map(str::to_owned), mail.map(str::to_owned));
        });
        let both = to_all(&["a@x.example", "b@y.example"]);
        let refused = mailer(sink.port, None).send(&both, MESSAGE);
        let words = format!("the server refused us: {}", greeting.or(mail).unwrap());
        assert_eq!(refused, vec![MailOutcome::TransportDown { reply: words }; 2]);
    }
    assert_eq!(sink.messages(), 5);
}

#[test]
fn a_refused_login_is_the_transports_fault() {
    let script =
        Script { auth: Some("535 5.7.8 wrong".into()), needs_login: true, ..Script::default() };
    let sink = Sink::start(script);
    let refused =
        mailer(sink.port, Some(("mia", "wrong"))).send_one(envelope("a@b.example"), MESSAGE);
    assert_eq!(
        refused,
        MailOutcome::TransportDown { reply: "the server refused us: 535 5.7.8 wrong".into() }
    );
    let missing = mailer(sink.port, None).send_one(envelope("a@b.example"), MESSAGE);
    assert_eq!(
        missing,
        MailOutcome::TransportDown { reply: "the server refused us: 530 log in first".into() }
    );
    sink.script(|s| s.auth = Some("235 welcome".into()));
    let fine = mailer(sink.port, Some(("mia", "right"))).send_one(envelope("a@b.example"), MESSAGE);
    assert!(matches!(fine, MailOutcome::Sent { .. }), "{fine:?}");
    assert_eq!(sink.logins()[1], "AUTH PLAIN AG1pYQByaWdodA==");
    let mut server = Server {
        host: "127.0.0.1".into(),
        port: sink.port,
        tls: Tls::Starttls,
        login: None,
        authorities: Vec::new(),
        patience: Duration::from_secs(10),
    };
    let bare = Smtp::new(server.clone()).unwrap().send_one(envelope("a@b.example"), MESSAGE);
    assert!(
        matches!(&bare, MailOutcome::TransportDown { reply } if reply.contains("STARTTLS")),
        "no mail in the clear when encryption was asked for: {bare:?}"
    );
    server.port = 1;
    let closed = Smtp::new(server).unwrap().send_one(envelope("a@b.example"), MESSAGE);
    assert!(matches!(closed, MailOutcome::TransportDown { .. }), "{closed:?}");
}

#[test]
fn a_hang_up_at_each_point_is_judged_and_nothing_is_lost_or_doubled() {
    for point in POINTS {
        let sink = Sink::start(Script { hang_up: vec![point], ..Script::default() });
        let mailer = mailer(sink.port, None);
        let first = mailer.send_one(envelope("a@b.example"), MESSAGE);
        let copies = sink.taken().len();
        match point {
            // Before the message: no copy is to blame.
            HangUp::Greeting | HangUp::Ehlo => {
                assert!(matches!(first, MailOutcome::TransportDown { .. }), "{point:?}: {first:?}");
                assert_eq!(copies, 0, "{point:?}");
            }
            HangUp::Mail | HangUp::Rcpt | HangUp::Data => {
                assert!(
                    matches!(first, MailOutcome::LostBeforeData { .. }),
                    "{point:?}: {first:?}"
                );
                assert_eq!(copies, 0, "{point:?}");
            }
            // The server may have gone after the dot was on its way: then it is not known.
            HangUp::MidData => {
                assert!(
                    matches!(
                        first,
                        MailOutcome::LostBeforeData { .. } | MailOutcome::Unconfirmed { .. }
                    ),
                    "{first:?}"
                );
                assert_eq!(copies, 0);
            }
            HangUp::Dot => {
                assert!(matches!(first, MailOutcome::Unconfirmed { .. }), "{first:?}");
                assert_eq!(copies, 1);
            }
            HangUp::Confirmed | HangUp::Idle => {
                assert!(matches!(first, MailOutcome::Sent { .. }), "{point:?}: {first:?}");
                assert_eq!(copies, 1);
            }
        }
        // Whatever happened, the next message goes out once.
        let next = mailer.send_one(envelope("next@b.example"), MESSAGE);
        assert!(matches!(next, MailOutcome::Sent { .. }), "{point:?}: {next:?}");
        let again = sink.taken().iter().filter(|(to, _)| to == "next@b.example").count();
        assert_eq!(again, 1, "{point:?}");
    }
}

#[test]
fn a_silent_server_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server {
        host: "127.0.0.1".into(),
        port: listener.local_addr().unwrap().port(),
        tls: Tls::None,
        login: None,
        authorities: Vec::new(),
        patience: Duration::from_millis(50),
    };
    let outcome = Smtp::new(server).unwrap().send_one(envelope("a@b.example"), MESSAGE);
    assert_eq!(outcome, MailOutcome::TransportDown { reply: "no answer in time".into() });
}

#[test]
fn a_server_that_talks_nonsense_does_no_harm() {
    for greeting in
        [&b"HTTP/1.1 400 Bad\r\n\r\n"[..], &[0xff; 9000][..], b"\r\n", b"250-\r\n\t\r\n"]
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let greeting = greeting.to_vec();
        let server = std::thread::spawn(move || {
            use std::io::Write;
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.write_all(&greeting);
        });
        let outcome = mailer(port, None).send_one(envelope("a@b.example"), MESSAGE);
        assert!(matches!(outcome, MailOutcome::TransportDown { .. }), "{outcome:?}");
        server.join().unwrap();
    }
}

#[test]
fn the_drop_folder_keeps_one_file_for_each_message() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = DropFolder::new(folder.path().join("mail"));
    let mut name = envelope("a@b.example");
    for id in ["DL-000001.1@book", "DL-000001.1@book", "../../x@book", "DL-000001.1@other"] {
        name.message_id = id.into();
        let outcome = mailer.send_one(name.clone(), MESSAGE);
        assert!(matches!(outcome, MailOutcome::Sent { .. }), "{outcome:?}");
    }
    let files: Vec<String> = std::fs::read_dir(folder.path().join("mail"))
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files.len(), 3, "{files:?}");
    // Tried again for one of two: whoever sends the folder must not send it to the other.
    let some = Envelope { named: 2, ..envelope("b@b.example") };
    mailer.send(&some, MESSAGE);
    let again = std::fs::read(mailer.file_of("DL-1.b@b.example to b@b.example")).unwrap();
    let again = String::from_utf8(again).unwrap();
    assert!(again.starts_with("Resent-Date: ") && again.contains("Resent-To: b@b.example\r\n"));
    assert!(again.as_bytes().ends_with(MESSAGE));
    assert!(files.iter().all(|f| f.contains(".eml") && !f.starts_with('.')), "{files:?}");
    assert_eq!(std::fs::read(mailer.file_of("DL-000001.1@book")).unwrap(), MESSAGE);
    let nowhere = DropFolder::new("/proc/no/such".into()).send_one(name.clone(), MESSAGE);
    assert!(matches!(nowhere, MailOutcome::TransportDown { .. }), "{nowhere:?}");
}

/// The certificate authority of the test server, as a site would name it.
const AUTHORITY: &[u8] = include_bytes!("harness/tls/ca.pem");

#[test]
fn encryption_is_checked_against_the_authorities_that_are_trusted() {
    for tls in [Tls::Starttls, Tls::Wrapper] {
        let sink = Sink::encrypted(Script::default(), tls == Tls::Wrapper);
        let server = |host: &str, authorities: &[u8]| Server {
            host: host.into(),
            port: sink.port,
            tls,
            login: None,
            authorities: authorities.into(),
            patience: Duration::from_secs(10),
        };
        let stranger = Smtp::new(server("localhost", b"")).unwrap();
        let refused = stranger.send_one(envelope("a@b.example"), MESSAGE);
        assert!(matches!(refused, MailOutcome::TransportDown { .. }), "{tls:?}: {refused:?}");
        assert!(sink.taken().is_empty());
        let known = Smtp::new(server("localhost", AUTHORITY)).unwrap();
        for n in 1..=3 {
            let sent = known.send_one(envelope("a@b.example"), MESSAGE);
            assert!(matches!(sent, MailOutcome::Sent { .. }), "{tls:?}: {sent:?}");
            assert_eq!(sink.taken().len(), n);
        }
        assert!(Smtp::new(server("localhost", b"no PEM")).is_err());
    }
}
