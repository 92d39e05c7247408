//! Blocking calls (gateways, mail servers) on tokio's blocking threads, bounded by a semaphore.

use crate::engine::Error;
use crate::engine::job::Pool;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

/// The pool of one process.
pub struct TokioPool {
    runtime: Runtime,
}

impl TokioPool {
    /// Starts the runtime: one thread that schedules, and as many blocking ones as are asked for.
    pub fn new() -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(256)
            .thread_name("daybook-pool")
            .enable_time()
            .build()
            .map_err(|e| Error::Bug(format!("cannot start threads: {e}")))?;
        Ok(Self { runtime })
    }
}

impl Pool for TokioPool {
    fn run(&self, limit: usize, tasks: Vec<Box<dyn FnOnce() + Send>>) {
        let permits = Arc::new(Semaphore::new(limit.max(1)));
        self.runtime.block_on(async {
            let mut running = tokio::task::JoinSet::new();
            for task in tasks {
                // Closed semaphores do not occur: this one lives until the set is empty.
                let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { break };
                running.spawn_blocking(move || {
                    task();
                    drop(permit);
                });
            }
            while let Some(ended) = running.join_next().await {
                if let Err(error) = ended {
                    // What it was doing is not known, and its row says so.
                    tracing::error!(%error, "a call ended by a panic");
                }
            }
        });
    }
}
