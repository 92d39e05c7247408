//! Which secret is where, whose, under which mode, and who can do what needs it. Shows no secret.

use super::finding::{Finding, finding, good};
use crate::config::Config;
use crate::engine::care::settings;
use crate::engine::reach::{self, MAIL, NETWORK, NOBODY};
use crate::engine::{Error, Session};
use crate::gateway::secret::{Kind, Seen, directory, look};
use crate::gateway::{self, Shut};
use crate::store::{self, method_state};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Looks at the secrets, the directories they lie in, and who can use them.
pub(super) fn findings(session: &Session, config: &Config) -> Result<Vec<Finding>, Error> {
    let side = session.store.side_directory();
    let mut all = Vec::new();
    let mut places: Vec<PathBuf> = Vec::new();
    for (name, kind) in [("mail secret", Kind::Mail), ("gateway secret", Kind::Gateway)] {
        let named = config.get(kind.setting());
        if named.is_empty() {
            continue;
        }
        match look(kind, named, &side) {
            Ok(seen) => {
                if named.contains('/') {
                    let found = format!("{named} lies outside of the one directory of secrets");
                    let remedy = settings::secret_remedy(kind, named, &directory(&side));
                    all.push(finding("secrets", false, found, &remedy));
                }
                places.extend(seen.path.parent().map(Path::to_owned));
                all.push(secret(name, named, &seen));
            }
            Err(error) => all.push(finding(name, false, error.to_string(), "name another file")),
        }
    }
    places.dedup();
    for place in places {
        let open = std::fs::metadata(&place).is_ok_and(|facts| facts.mode() & 0o022 != 0);
        if open {
            let found = format!("others can put files into {}", place.display());
            all.push(finding("secrets", false, found, "chmod 700 it"));
        }
    }
    let mut means = vec![(MAIL.to_owned(), "who mails")];
    if session.read(store::network::waits)? {
        means.push((NETWORK.to_owned(), "who hands over to the network"));
    }
    for name in session.read(|db| method_state::gateways(db, gateway::NAMES))? {
        means.push((name, "who charges"));
    }
    for (means, name) in means {
        all.push(who(session, config, &means, name));
    }
    Ok(all)
}

/// Where a secret is, whose, and whether it can be used.
fn secret(name: &'static str, named: &str, seen: &Seen) -> Finding {
    let path = seen.path.display();
    let Some((owner, mode)) = seen.facts else {
        // A credential is seen by its service alone.
        let credential = !named.contains('/');
        let why = match &seen.usable {
            Err(error) if !credential => error.to_string(),
            Ok(()) | Err(_) => format!("{path} is not here: a credential of the worker's service?"),
        };
        let hidden = credential || !why.contains("No such file");
        return finding(name, hidden, why, "name a file that is there");
    };
    let login = nix::unistd::User::from_uid(owner.into()).ok().flatten();
    let owner = login.map_or_else(|| format!("uid {owner}"), |user| user.name);
    let facts = format!("{path}, owner {owner}, mode {mode:04o}");
    match &seen.usable {
        Ok(()) => good(name, facts),
        Err(error) if error.is_ours_alone() => {
            good(name, format!("{facts}; for {owner} alone, not for you"))
        }
        Err(error) => {
            finding(name, false, format!("{facts}: {error}"), "put it right: daybook help settings")
        }
    }
}

/// Who can use a means: this process, a worker, or nobody.
fn who(session: &Session, config: &Config, means: &str, name: &'static str) -> Finding {
    let worker = reach::others(&session.store.side_directory(), means);
    match (reach::probe(config, &session.store.side_directory(), means), worker) {
        (None, Some(worker)) => good(name, format!("{means}: you and {worker}")),
        (None, None) => good(name, format!("{means}: you")),
        (Some(_), Some(worker)) => good(name, format!("{means}: {worker}")),
        (Some(Shut::Here(why)), None) => {
            let found = format!("{means} {NOBODY} ({why})");
            finding(name, false, found, "start daybook worker as the user who can read the secret")
        }
        (Some(Shut::Everywhere(why)), None) => {
            finding(name, false, format!("{means}: {why}"), "daybook settings set corrects it")
        }
    }
}
