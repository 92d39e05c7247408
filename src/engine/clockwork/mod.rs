//! What happens by the clock: schedules, the tick of a worker, alarms.

pub mod alarm;
pub mod schedule;
pub mod tick;
pub mod waits;
