//! The mail transport that the settings name.

use crate::config::{Config, key};
use crate::document::email;
use crate::gateway::{Shut, secret};
use crate::mail::Mailer;
use crate::mail::drop::DropFolder;
use crate::mail::smtp::{Login, Server, Smtp, Tls};
use crate::outside;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a file of certificates; all of the world's are a few hundred thousand.
const MOST_AUTHORITIES: u64 = 4 << 20;

/// Longest wait for one answer of a mail server (RFC 5321 allows minutes; people wait here).
const PATIENCE: Duration = Duration::from_mins(1);

/// The transport the settings name; what is wrong with them, in words.
pub(super) fn open_mailer(config: &Config, side: &Path) -> Result<Arc<dyn Mailer>, Shut> {
    if config.get(key::MAIL_TRANSPORT) != "smtp" {
        return Ok(Arc::new(DropFolder::new(side.join("mail"))));
    }
    let server = server(config, side)?;
    Ok(Arc::new(Smtp::new(server).map_err(|e| Shut::Everywhere(e.to_string()))?))
}

/// Why the transport cannot be used by this process, if it cannot; nothing is sent.
pub(super) fn probe(config: &Config, side: &Path) -> Option<Shut> {
    if config.get(key::MAIL_TRANSPORT) == "smtp" {
        return server(config, side).err();
    }
    unwritable(side, "mail")
}

/// The mail server that the settings name.
fn server(config: &Config, side: &Path) -> Result<Server, Shut> {
    let wrong = |why: &str| Shut::Everywhere(why.to_owned());
    let host = config.get(key::SMTP_HOST);
    if host.is_empty() {
        return Err(wrong("smtp.host is not set"));
    }
    email::address(config.get(key::SMTP_FROM), "sender")
        .map_err(|_| wrong("smtp.from is not set to an e-mail address"))?;
    let tls =
        Tls::parse(config.get(key::SMTP_TLS)).ok_or_else(|| wrong("smtp.tls is not known"))?;
    let user = config.get(key::SMTP_USER);
    let login = if user.is_empty() {
        None
    } else {
        let local = matches!(host, "localhost" | "::1") || host.starts_with("127.");
        if tls == Tls::None && !local {
            return Err(wrong("smtp.tls = none would send the password in the clear"));
        }
        let kind = secret::Kind::Mail;
        let password = secret::read(kind, config.get(kind.setting()), side)?;
        Some(Login { user: user.to_owned(), password: password.expose().to_owned() })
    };
    let port =
        u16::try_from(config.int(key::SMTP_PORT)).map_err(|_| wrong("smtp.port is wrong"))?;
    let authorities = match config.get(key::SMTP_CA_FILE) {
        "" => Vec::new(),
        file => outside::read(Path::new(file), MOST_AUTHORITIES)
            .map_err(|e| Shut::Here(format!("smtp.ca_file {file}: {e}")))?,
    };
    let host = host.to_owned();
    Ok(Server { host, port, tls, login, authorities, patience: PATIENCE })
}

/// The sender: `smtp.from`, or for the drop folder a name that never resolves (RFC 2606).
pub(super) fn sender(config: &Config) -> String {
    match config.get(key::SMTP_FROM) {
        "" => "billing@daybook.invalid".to_owned(),
        from => from.to_owned(),
    }
}

/// What is written beside the book, and not by everybody as it stands.
pub(super) fn unwritable(side: &Path, name: &str) -> Option<Shut> {
    let named = side.join(name);
    let place = if named.exists() { named } else { side.to_owned() };
    let refused = place.exists() && !crate::outside::may_write(&place);
    refused.then(|| Shut::Here(format!("{} cannot be written", place.display())))
}
