//! What can be learnt, from its rows to the search that follows them: on SQLite or, when `TEST_POSTGRES` names a server, on
//! PostgreSQL.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

mod finding;
mod index;
mod play_days;
mod quiz;
mod search;
mod shelf;
mod town;
