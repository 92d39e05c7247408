//! The dead man's switch: what went wrong while nobody was logged in reaches a schedule's owner by
//! mail as well as by a notice.

use crate::config::key;
use crate::document::email::{self, Heading};
use crate::domain::actor::Verb;
use crate::engine::{Error, Session};
use crate::engine::{deliver, mailer};
use crate::mail::{Envelope, MailOutcome};
use crate::store::notice;

/// Mails every alarm that waits; gives how many went. One that cannot go is tried again at the next
/// tick; a copy too many is better than silence.
pub fn mail(session: &mut Session) -> Result<usize, Error> {
    let waiting = session.read(notice::to_mail)?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let (config, now) = (session.config()?, session.now()?);
    let mailer = match mailer::open_mailer(&config, &session.store.side_directory()) {
        Ok(mailer) => mailer,
        Err(why) => {
            // The notice stands on Today in any case; who has no address there waits for the mail.
            tracing::warn!(alarms = waiting.len(), ?why, "alarms wait to be mailed");
            return Ok(0);
        }
    };
    let uid = session.read(crate::store::settings::facts)?.uid;
    let mut sent = 0;
    for (id, to, text) in waiting {
        let from = mailer::sender(&config);
        let message_id = format!("alarm-{uid}-{id}@{}", deliver::copies::domain(&from));
        let head = Heading {
            from: from.clone(),
            to: to.clone(),
            cc: Vec::new(),
            reply_to: String::new(),
            message_id: message_id.clone(),
            date_ms: now.at_ms,
        };
        let names = (config.get(key::ISSUER_NAME), "");
        let message = match email::plain(&head, names, "daybook: a schedule needs a person", &text)
        {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(alarm = id, %error, "an alarm cannot be mailed");
                continue;
            }
        };
        let outcome = mailer.send_one(Envelope::one(from, to, message_id), &message);
        if matches!(outcome, MailOutcome::Sent { .. }) {
            session.write(Verb::Housekeeping, |tx| {
                tx.quiet();
                Ok(notice::mailed(tx, id)?)
            })?;
            sent += 1;
        } else {
            tracing::warn!(alarm = id, ?outcome, "an alarm was not mailed, and waits");
        }
    }
    Ok(sent)
}
