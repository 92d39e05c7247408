//! Background work: claims jobs by a kernel lock and an epoch, drives their slices, takes over what
//! a dead process left. The only room with tokio.

mod copies;
mod drive;
pub mod log;
mod pool;

pub use copies::Copies;
pub use drive::{Ended, Follow, drive, work};
pub use pool::TokioPool;

use crate::engine::Error;
use crate::engine::job::Ports;
use std::sync::Arc;

/// The ports of this process: a pool of blocking threads.
pub fn ports() -> Result<Ports, Error> {
    Ok(Ports { pool: Arc::new(TokioPool::new()?) })
}
