//! Who may: roles, second persons, and who may not be on both sides of a deed.

pub mod four_eyes;
pub mod roles;
pub mod separation;
