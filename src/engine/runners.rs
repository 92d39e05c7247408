//! Which runner drives a job.

use super::job::Runner;
use crate::domain::job::JobSpec;
use crate::engine::bill::run::BillRunner;
use crate::engine::collect::Collect;
use crate::engine::collect::reconcile::Reconcile;
use crate::engine::collect::refund_ask::RefundRunner;
use crate::engine::collect::remind::RemindRunner;
use crate::engine::deliver::hand_over::NetworkRunner;
use crate::engine::deliver::print::PrintRunner;
use crate::engine::deliver::send::SendRunner;
use crate::engine::deliver::statements_sent::StatementRunner;
use crate::engine::post::posting::PostRunner;

/// The runner of a job.
pub fn runner(spec: JobSpec) -> Box<dyn Runner> {
    match spec {
        JobSpec::Bill { run } => Box::new(BillRunner::new(run)),
        JobSpec::Post { run, drafts, invoice_on } => {
            Box::new(PostRunner::new(run, drafts, invoice_on))
        }
        JobSpec::Collect { run } | JobSpec::Retry { run } => Box::new(Collect::new(run)),
        JobSpec::Reconcile => Box::new(Reconcile::default()),
        JobSpec::Refund { event } => Box::new(RefundRunner { event }),
        JobSpec::Deliver => Box::new(SendRunner::default()),
        JobSpec::Network => Box::new(NetworkRunner::default()),
        JobSpec::Remind => Box::new(RemindRunner),
        JobSpec::Statements => Box::new(StatementRunner::default()),
        JobSpec::Print { directory } => Box::new(PrintRunner { directory }),
    }
}
