//! The `yuanjiao` binary: parse a role, play it, say plainly what went wrong.

use clap::Parser;
use mimalloc::MiMalloc;
use server::cli::{Cli, run};
use std::process::ExitCode;

/// Many short requests on a few threads leave the system's allocator with a quarter more memory than they hold, and wait
/// for it longer.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

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
