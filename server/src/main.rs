//! The `yuanjiao` binary: parse a role, play it, say plainly what went wrong.

use clap::Parser;
use server::cli::{Cli, run};
use std::process::ExitCode;

#[actix_web::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("错误：{failure}");
            ExitCode::FAILURE
        }
    }
}
