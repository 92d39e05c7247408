//! One SMTP connection (RFC 5321), step by step, so that it is always known how far it got; what is
//! said for a message is in [`super::talk`].
//!
//! lettre gives the commands, the login mechanisms and the reader of answers. The socket is ours,
//! because lettre's keeps Nagle's delay on and does not tell a message lost before the final dot
//! from one lost after it.

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Ehlo, Quit, Starttls};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Response, Severity};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

/// Longest line and answer that are read; a server that says more is cut off.
const MAX_LINE: u64 = 4096;
const MAX_LINES: usize = 200;

/// How a step went wrong.
#[derive(Debug, Clone)]
pub(super) enum Broken {
    /// The line is gone or silent.
    Line(String),
    /// The server said 4xx.
    Later(String),
    /// The server said 5xx.
    Never(String),
    /// Encryption or its certificate failed.
    Tls(String),
}

impl Broken {
    pub(super) fn words(self) -> String {
        match self {
            Self::Line(w) | Self::Later(w) | Self::Never(w) | Self::Tls(w) => w,
        }
    }
}

impl From<io::Error> for Broken {
    fn from(e: io::Error) -> Self {
        let words = match e.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer in time".to_owned(),
            io::ErrorKind::UnexpectedEof => "the server hung up".to_owned(),
            _ => e.to_string(),
        };
        // rustls wraps its own alerts and certificate errors in io::Error.
        if e.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some() {
            return Self::Tls(words);
        }
        Self::Line(words)
    }
}

enum Socket {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    Closed,
}

impl Socket {
    fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Plain(tcp) => Some(tcp),
            Self::Tls(tls) => Some(&tls.sock),
            Self::Closed => None,
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(buf),
            Self::Tls(tls) => tls.read(buf),
            Self::Closed => Ok(0),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(buf),
            Self::Tls(tls) => tls.write(buf),
            Self::Closed => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
            Self::Closed => Ok(()),
        }
    }
}

/// A connection that has said hello.
pub(super) struct Wire {
    stream: BufReader<Socket>,
    /// What the server offered, upper case.
    offers: Vec<String>,
}

impl Wire {
    /// Connects and reads the greeting.
    pub(super) fn connect(host: &str, port: u16, patience: Duration) -> Result<Self, Broken> {
        let mut last = Broken::Line(format!("{host} has no address"));
        let addresses = (host, port)
            .to_socket_addrs()
            .map_err(|e| Broken::Line(format!("{host} cannot be found: {e}")))?;
        for address in addresses {
            match TcpStream::connect_timeout(&address, patience) {
                Ok(tcp) => {
                    // Small commands must not wait for the acknowledgement of the one before.
                    tcp.set_nodelay(true)?;
                    tcp.set_read_timeout(Some(patience))?;
                    tcp.set_write_timeout(Some(patience))?;
                    let stream = BufReader::new(Socket::Plain(tcp));
                    return Ok(Self { stream, offers: Vec::new() });
                }
                Err(e) => last = Broken::Line(format!("no connection to {address}: {e}")),
            }
        }
        Err(last)
    }

    /// Reads the greeting and says hello.
    pub(super) fn greet(&mut self) -> Result<(), Broken> {
        self.answer()?;
        self.hello()
    }

    fn hello(&mut self) -> Result<(), Broken> {
        let answer = self.say(Ehlo::new(ClientId::default()))?;
        self.offers =
            answer.message().skip(1).map(|line| line.trim().to_ascii_uppercase()).collect();
        Ok(())
    }

    /// Whether the server said that it knows a word.
    pub(super) fn offers(&self, word: &str) -> bool {
        self.offers.iter().any(|o| o.split_ascii_whitespace().next() == Some(word))
    }

    /// Turns the connection into an encrypted one, from the first byte on.
    pub(super) fn encrypt(&mut self, config: Arc<ClientConfig>, host: &str) -> Result<(), Broken> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|e| Broken::Tls(format!("{host:?} is no server name: {e}")))?;
        let socket = std::mem::replace(self.stream.get_mut(), Socket::Closed);
        let Socket::Plain(mut tcp) = socket else {
            return Err(Broken::Tls("the connection is not open".into()));
        };
        let mut session =
            ClientConnection::new(config, name).map_err(|e| Broken::Tls(e.to_string()))?;
        while session.is_handshaking() {
            session.complete_io(&mut tcp).map_err(|e| match Broken::from(e) {
                Broken::Tls(w) => Broken::Tls(format!("encryption failed: {w}")),
                other @ (Broken::Line(_) | Broken::Later(_) | Broken::Never(_)) => other,
            })?;
        }
        // A new reader: what came before encryption is forgotten (RFC 3207, section 4.2).
        self.stream = BufReader::new(Socket::Tls(Box::new(StreamOwned::new(session, tcp))));
        Ok(())
    }

    /// Asks for encryption in the middle of the talk, then says hello anew.
    pub(super) fn starttls(&mut self, config: Arc<ClientConfig>, host: &str) -> Result<(), Broken> {
        if !self.offers("STARTTLS") {
            return Err(Broken::Tls("the server does not offer STARTTLS".into()));
        }
        self.say(Starttls)?;
        self.encrypt(config, host)?;
        self.hello()
    }

    /// Logs in with the first mechanism both sides know.
    pub(super) fn login(&mut self, user: &str, password: &str) -> Result<(), Broken> {
        let offered = self
            .offers
            .iter()
            .find_map(|o| o.strip_prefix("AUTH "))
            .map(|list| list.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .unwrap_or_default();
        let mechanism = [Mechanism::Plain, Mechanism::Login]
            .into_iter()
            .find(|m| offered.iter().any(|o| *o == m.to_string()))
            .ok_or_else(|| Broken::Never("the server offers no login daybook knows".into()))?;
        let credentials = Credentials::new(user.to_owned(), password.to_owned());
        let bad = |e: lettre::transport::smtp::Error| Broken::Never(e.to_string());
        let mut answer = self.say(Auth::new(mechanism, credentials.clone(), None).map_err(bad)?)?;
        for _ in 0..4 {
            if !answer.has_code(334) {
                break;
            }
            let next = Auth::new_from_response(mechanism, credentials.clone(), &answer);
            answer = self.say(next.map_err(bad)?)?;
        }
        if answer.has_code(334) { Err(Broken::Never("login did not end".into())) } else { Ok(()) }
    }

    /// Says goodbye; nobody minds if it fails.
    pub(super) fn quit(mut self) {
        let _ = self.say(Quit);
    }

    /// Whether bytes or a hang-up wait to be read, without waiting for them.
    pub(super) fn has_something_to_say(&mut self) -> bool {
        if !self.stream.buffer().is_empty() {
            return true;
        }
        let Some(tcp) = self.stream.get_ref().tcp() else { return true };
        if tcp.set_nonblocking(true).is_err() {
            return false;
        }
        let seen = tcp.peek(&mut [0; 1]);
        let _ = tcp.set_nonblocking(false);
        match seen {
            // Under encryption a few bytes may be no answer (session tickets); an end always is one.
            Ok(0) => true,
            Ok(_) => matches!(self.stream.get_ref(), Socket::Plain(_)),
            Err(e) => e.kind() != io::ErrorKind::WouldBlock,
        }
    }

    /// One command and its answer.
    pub(super) fn say(&mut self, command: impl Display) -> Result<Response, Broken> {
        self.put(command.to_string().as_bytes())?;
        self.answer()
    }

    /// Whether what is written is encrypted on its way.
    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.stream.get_ref(), Socket::Tls(_))
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes)?;
        stream.flush()?;
        Ok(())
    }

    /// Reads one answer, of one or many lines.
    pub(super) fn answer(&mut self) -> Result<Response, Broken> {
        let mut text = String::new();
        for _ in 0..MAX_LINES {
            let mut line = Vec::new();
            (&mut self.stream).take(MAX_LINE).read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                return Err(Broken::Line("the server hung up".into()));
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            text.push_str(line);
            text.push_str("\r\n");
            if line.as_bytes().get(3) != Some(&b'-') {
                return judge(&text);
            }
        }
        Err(Broken::Line("the server's answer has no end".into()))
    }
}

fn judge(text: &str) -> Result<Response, Broken> {
    let Ok(response) = text.parse::<Response>() else {
        return Err(Broken::Line(format!("not SMTP: {}", said(text))));
    };
    match response.code().severity {
        Severity::PositiveCompletion | Severity::PositiveIntermediate => Ok(response),
        Severity::TransientNegativeCompletion => Err(Broken::Later(words(&response))),
        Severity::PermanentNegativeCompletion => Err(Broken::Never(words(&response))),
    }
}

/// Code and text of an answer on one line, fit for a screen.
pub(super) fn words(response: &Response) -> String {
    let text = response.message().collect::<Vec<_>>().join(" ");
    said(&format!("{} {text}", response.code()))
}

fn said(text: &str) -> String {
    crate::domain::text::said(text, 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_judged_by_their_first_digit_and_cleaned() {
        assert!(judge("250-one\r\n250 two\r\n").is_ok());
        assert!(matches!(judge("451 busy\r\n"), Err(Broken::Later(w)) if w == "451 busy"));
        assert!(
            matches!(judge("550 \u{1b}[2Jgone\r\n"), Err(Broken::Never(w)) if w == "550 [2Jgone")
        );
        assert!(matches!(judge("HTTP/1.1 400\r\n"), Err(Broken::Line(_))));
    }
}
