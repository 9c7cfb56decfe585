//! Journeys across the whole product, through real HTTP, a real database, outside clients and a real browser.

mod bad_input;
mod browser;
mod bytes;
mod captions;
mod classroom;
mod durability;
mod finding;
mod hours;
mod index;
mod operating;
mod players;
mod preparation;
mod publishing;
mod quality;
mod relevance;
mod routes;
mod schema;
mod searching;
mod sign_in;
mod stores;
mod wire;
