//! The command line: one binary, many roles.

use crate::app::Application;
use crate::config::Config;
use crate::failure::Failure;
use crate::{operate, telemetry};
use clap::{Args, Parser, Subcommand};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// 远教：远程教育点播与培训档案服务器
#[derive(Debug, Parser)]
#[command(name = "yuanjiao", version, about)]
pub struct Cli {
    /// 数据文件夹（数据库、媒体、检索索引）
    #[arg(long, global = true, default_value = "data")]
    data: PathBuf,
    /// 配置文件（默认是数据文件夹里的 yuanjiao.toml）
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// 启动服务器
    Serve(Listen),
    /// 建立一座示例城市并启动服务器
    Demo(Listen),
    /// 升级数据库结构
    Migrate,
    /// 导入花名册或课程
    #[command(subcommand)]
    Import(Import),
    /// 导出一门课程
    #[command(subcommand)]
    Export(Export),
    /// 从数据库重建检索索引
    Reindex,
    /// 核对台账链、学时与媒体文件
    Verify,
    /// 清理没有任何课程、资料或上传引用的媒体文件
    Collect {
        /// 只列出，不删除
        #[arg(long)]
        dry_run: bool,
        /// 同时移除超过这些天没有课程使用、也无人重新上传的资料
        #[arg(long, value_name = "天数", value_parser = clap::value_parser!(u32).range(1..))]
        unused_days: Option<u32>,
    },
    /// 备份到一个文件夹
    Backup {
        /// 目标文件夹，须为空或不存在
        dir: PathBuf,
        /// 媒体在对象存储时也一并复制（在本机文件夹时总是复制）
        #[arg(long)]
        with_media: bool,
    },
    /// 从备份恢复到一个空的数据文件夹
    Restore {
        /// 备份所在的文件夹
        dir: PathBuf,
    },
    /// 把数据文件夹里的 SQLite 搬到一个空的 PostgreSQL（须先停止服务）
    Move {
        /// 目标数据库的地址：postgres://用户:密码@主机:端口/库名
        #[arg(long, value_name = "地址")]
        to: String,
    },
    /// 管理员账号
    #[command(subcommand)]
    Admin(Admin),
}

#[derive(Debug, Args)]
struct Listen {
    /// 监听地址
    #[arg(long)]
    listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum Import {
    /// 花名册（XLSX 或 CSV）
    Roster {
        /// 文件
        file: PathBuf,
        /// 只核对，不写入
        #[arg(long)]
        dry_run: bool,
    },
    /// 课程：导出的课程包（ZIP）、带清单的文件夹，或一张清单（XLSX、CSV、JSONL）
    Lessons {
        /// 课程包、文件夹或清单
        path: PathBuf,
        /// 只核对，不写入
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Export {
    /// 一门课程连同音视频、字幕、测验，成一个 ZIP，可导入另一台服务器
    Course {
        /// 课程的网址名或编号
        slug: String,
        /// 要写的文件，不能已经存在
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum Admin {
    /// 新建管理员
    Create {
        /// 登录名
        #[arg(long)]
        login: String,
        /// 密码
        #[arg(long)]
        password: String,
        /// 城市名称（首次建立机构树时使用）
        #[arg(long, default_value = "本市")]
        city: String,
    },
    /// 更换服务器密钥（重启后生效）
    RotateKey {
        /// 旧密钥已泄露：立即作废，播放链接全部失效
        #[arg(long)]
        leaked: bool,
    },
}

/// Play the role that was asked for.
///
/// # Errors
/// When the role can't be played; the message is for the person at the shell.
pub async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let mut config = Config::load(&cli.data, cli.config.as_deref(), std::env::vars())?;
    if let Role::Serve(Listen { listen: Some(address) }) | Role::Demo(Listen { listen: Some(address) }) = &cli.role {
        config.listen = *address;
    }
    telemetry::start(&config)?;
    match cli.role {
        Role::Serve(_) => serve(config).await,
        Role::Demo(_) => {
            operate::demo(&config).await?;
            serve(config).await
        }
        Role::Migrate => operate::migrate(&config).await,
        Role::Import(Import::Roster { file, dry_run }) => operate::import_roster(&config, &file, dry_run).await,
        Role::Import(Import::Lessons { path, dry_run }) => operate::lessons::import(&config, &path, dry_run).await,
        Role::Export(Export::Course { slug, file }) => operate::lessons::export(&config, &slug, &file).await,
        Role::Reindex => operate::reindex(&config).await,
        Role::Verify => operate::verify(&config).await,
        Role::Collect { dry_run, unused_days } => operate::collect(&config, unused_days, dry_run).await,
        Role::Backup { dir, with_media } => operate::backup::backup(&config, &dir, with_media).await,
        Role::Restore { dir } => operate::backup::restore(&config, &dir).await,
        Role::Move { to } => operate::moving::to_postgres(&config, &to).await,
        Role::Admin(Admin::Create { login, password, city }) => {
            operate::create_admin(&config, &login, &password, &city).await
        }
        Role::Admin(Admin::RotateKey { leaked }) => operate::rotate_key(&config, leaked),
    }
}

async fn serve(config: Config) -> Result<ExitCode, Failure> {
    allow_many_connections();
    let address = config.listen;
    let application = Application::build(config).await?;
    let address = SocketAddr::new(address.ip(), application.port());
    println!("远教已启动：http://{address}/  （按 Ctrl+C 停止）");
    application.run_until_stopped().await?;
    Ok(ExitCode::SUCCESS)
}

/// A shell allows 1,024 open files as a rule, a city's evening needs eight times as many: take what the system allows.
fn allow_many_connections() {
    let allowed = getrlimit(Resource::Nofile);
    let most = Rlimit { current: allowed.maximum, ..allowed };
    if let Err(cause) = setrlimit(Resource::Nofile, most) {
        tracing::warn!(%cause, "could not raise the number of open files");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
