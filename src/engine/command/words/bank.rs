//! What a deed with a line of a bank is on the command line.

use super::{BANK_IDENTIFY, BANK_IMPORT, BANK_MATCH, BANK_OWN, BANK_UNMATCH, because};
use crate::domain::text::quoted;
use crate::engine::command::{BankDeed, Own, Target};

impl BankDeed {
    /// The command line that does the same.
    pub fn words(&self) -> String {
        let each = |flag: &str, all: &[String]| -> String {
            all.iter().map(|one| format!(" {flag} {}", quoted(one))).collect()
        };
        match self {
            Self::Match { line, to, amount } => {
                let to = match to {
                    Target::Account(_, documents) | Target::Documents(documents) => {
                        documents.iter().map(|id| format!(" --to {id}")).collect()
                    }
                    Target::Payment(id) => format!(" --payment {id}"),
                    Target::Payout(name) => format!(" --payout {}", quoted(name)),
                };
                BANK_MATCH.of(format!("{line}{to} --amount {}", amount.plain()))
            }
            Self::Identify { line, account, documents, amount } if account.is_empty() => {
                let to = each("--to", documents);
                BANK_MATCH.of(format!("{line}{to} --amount {}", amount.plain()))
            }
            Self::Identify { line, account, documents, amount } => {
                let (account, of) = (quoted(account), each("--for", documents));
                let amount = amount.plain();
                BANK_IDENTIFY.of(format!("{line} --account {account}{of} --amount {amount}"))
            }
            Self::Own { line, kind: Own::Fee, .. } => BANK_OWN.of(format!("{line} --as fee")),
            Self::Own { line, kind: Own::Transfer, .. } => {
                BANK_OWN.of(format!("{line} --as transfer"))
            }
            Self::Unmatch { line, reason } => BANK_UNMATCH.of(because(line, reason)),
            Self::Load { file, account } if account.is_empty() => BANK_IMPORT.of(quoted(file)),
            Self::Load { file, account } => {
                BANK_IMPORT.of(format!("{} --account {}", quoted(file), quoted(account)))
            }
        }
    }
}
