//! An SMTP server for tests: keeps every message it took, answers as scripted, hangs up where told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Where the server hangs up, without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HangUp {
    Greeting,
    Ehlo,
    Mail,
    Rcpt,
    Data,
    MidData,
    /// The message is taken, the answer is not sent.
    Dot,
    /// The message is taken and confirmed, then the line is cut.
    Confirmed,
    /// While the connection is idle, at the next RSET or QUIT.
    Idle,
}

pub const POINTS: [HangUp; 9] = [
    HangUp::Greeting,
    HangUp::Ehlo,
    HangUp::Mail,
    HangUp::Rcpt,
    HangUp::Data,
    HangUp::MidData,
    HangUp::Dot,
    HangUp::Confirmed,
    HangUp::Idle,
];

/// What a server says at a step instead of yes.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Hang-ups left, by point; each is used once per count.
    pub hang_up: Vec<HangUp>,
    /// Answers by recipient at RCPT: `451 busy`.
    pub rcpt: BTreeMap<String, String>,
    /// Answer after the dot instead of 250.
    pub dot: Option<String>,
    /// Answer to AUTH; none = login is not offered.
    pub auth: Option<String>,
    /// Whether a login is demanded at MAIL.
    pub needs_login: bool,
}

#[derive(Default)]
struct Seen {
    script: Mutex<Script>,
    taken: Mutex<Vec<(String, Vec<u8>)>>,
    connections: AtomicUsize,
    logins: Mutex<Vec<String>>,
}

/// A running server; stops with the test.
pub struct Sink {
    pub port: u16,
    seen: Arc<Seen>,
}

impl Sink {
    pub fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen { script: Mutex::new(script), ..Seen::default() });
        let shared = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = shared.clone();
                seen.connections.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
                    let _ = stream.set_nodelay(true);
                    let _ = talk(&stream, &seen);
                    let _ = stream.shutdown(std::net::Shutdown::Both);
                });
            }
        });
        Self { port, seen }
    }

    /// Every message taken so far: recipient and bytes.
    pub fn taken(&self) -> Vec<(String, Vec<u8>)> {
        self.seen.taken.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub fn logins(&self) -> Vec<String> {
        self.seen.logins.lock().unwrap().clone()
    }

    /// Changes what the server says from now on.
    pub fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.seen.script.lock().unwrap());
    }
}

impl Seen {
    fn hangs_up(&self, point: HangUp) -> bool {
        let mut script = self.script.lock().unwrap();
        let Some(at) = script.hang_up.iter().position(|p| *p == point) else { return false };
        script.hang_up.remove(at);
        true
    }
}

fn talk(stream: &TcpStream, seen: &Seen) -> std::io::Result<()> {
    let mut out = stream;
    if seen.hangs_up(HangUp::Greeting) {
        return Ok(());
    }
    out.write_all(b"220 sink\r\n")?;
    let mut lines = BufReader::new(stream);
    let (mut to, mut logged_in) = (String::new(), false);
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let verb = line.split([' ', ':']).next().unwrap_or("").trim().to_ascii_uppercase();
        let script = seen.script.lock().unwrap().clone();
        let answer = match verb.as_str() {
            "EHLO" if seen.hangs_up(HangUp::Ehlo) => return Ok(()),
            "EHLO" if script.auth.is_some() => {
                "250-sink\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME".to_owned()
            }
            "EHLO" => "250-sink\r\n250 8BITMIME".to_owned(),
            "AUTH" => {
                seen.logins.lock().unwrap().push(line.trim().to_owned());
                let answer = script.auth.unwrap_or_else(|| "503 no".into());
                logged_in = answer.starts_with('2');
                answer
            }
            "MAIL" if seen.hangs_up(HangUp::Mail) => return Ok(()),
            "MAIL" if script.needs_login && !logged_in => "530 log in first".to_owned(),
            "RCPT" if seen.hangs_up(HangUp::Rcpt) => return Ok(()),
            "RCPT" => {
                line.split(['<', '>']).nth(1).unwrap_or("").clone_into(&mut to);
                script.rcpt.get(&to).cloned().unwrap_or_else(|| "250 ok".into())
            }
            "DATA" if seen.hangs_up(HangUp::Data) => return Ok(()),
            "DATA" => {
                if seen.hangs_up(HangUp::MidData) {
                    out.write_all(b"354 go on\r\n")?;
                    line.clear();
                    lines.read_line(&mut line)?;
                    return Ok(());
                }
                out.write_all(b"354 go on\r\n")?;
                let Some(message) = message(&mut lines)? else { return Ok(()) };
                if let Some(answer) = script.dot {
                    answer
                } else {
                    seen.taken.lock().unwrap().push((to.clone(), message));
                    if seen.hangs_up(HangUp::Dot) {
                        return Ok(());
                    }
                    if seen.hangs_up(HangUp::Confirmed) {
                        out.write_all(b"250 taken\r\n")?;
                        return Ok(());
                    }
                    "250 taken".to_owned()
                }
            }
            "RSET" | "QUIT" if seen.hangs_up(HangUp::Idle) => return Ok(()),
            "MAIL" | "RSET" => "250 ok".to_owned(),
            "QUIT" => {
                out.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            _ => "500 what?".to_owned(),
        };
        out.write_all(format!("{answer}\r\n").as_bytes())?;
    }
}

/// Reads up to the final dot; `None` when the line breaks before it.
fn message(lines: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut out = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line == b".\r\n" {
            return Ok(Some(out));
        }
        out.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
