//! The server: the only crate that knows HTTP. Roles of the binary, configuration, sign-in, the API and the pages.

pub mod api;
pub mod app;
pub mod assets;
pub mod auth;
pub mod cli;
pub mod config;
pub mod database;
pub mod demo;
pub mod error;
pub mod failure;
pub mod gathering;
pub mod listen;
pub mod make_up;
pub mod matching;
pub mod merging;
pub mod openapi;
pub mod operate;
pub mod package;
pub mod pages;
pub mod public_url;
pub mod qr;
pub mod routes;
pub mod stores;
pub mod sweep;
pub mod target;
pub mod telemetry;
