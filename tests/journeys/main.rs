//! Journeys across the whole product, through real HTTP, a real database, outside clients and a real browser.

mod bad_input;
mod browser;
mod bytes;
mod classroom;
mod durability;
mod finding;
mod hours;
mod operating;
mod publishing;
mod routes;
mod schema;
mod sign_in;
