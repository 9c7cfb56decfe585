//! Who is calling: tokens, cookies, the identity behind them, and what keeps other sites out.

pub mod access;
pub mod address;
pub mod cookie;
pub mod csrf;
pub mod heard;
pub mod identity;
pub mod keys;
pub mod known;
pub mod limiter;
pub mod reach;
pub mod remembered;
pub mod token;
pub mod waiting;
