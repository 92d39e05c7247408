//! Delivery: what is to go to whom is planned, sent as e-mail or printed, and every copy ends in one state.

mod bounced_reminders;
pub mod bounces;
pub mod copies;
pub mod copies_ahead;
pub(in crate::engine) mod envelope;
pub mod first;
pub mod hand_over;
mod lanes;
mod letters;
pub mod make;
pub mod network;
pub mod pause;
pub mod print;
pub mod receipts;
pub mod send;
pub mod statements;
pub mod statements_sent;
pub mod steer;
mod told;
mod turn;
