//! Puts the server together: binds first, opens everything it holds, starts the background work, serves until told to stop.

mod around;
mod parts;

pub use parts::{Parts, open_database, open_index, prepare_folder};

use crate::api::join::MOST_WRONG;
use crate::api::media::Ranges;
use crate::api::playback::Beats;
use crate::api::uploads;
use crate::auth::access;
use crate::auth::cookie::CookiePolicy;
use crate::auth::csrf::same_origin_only;
use crate::auth::heard;
use crate::auth::known::Known;
use crate::auth::limiter::{Doors, Limiter};
use crate::auth::remembered::Remembered;
use crate::auth::token::Tokens;
use crate::body::SHORT_BYTES;
use crate::config::Config;
use crate::error::{ApiError, Code};
use crate::failure::Failure;
use crate::listen::tls::Certificate;
use crate::shortcut::Shortcuts;
use crate::telemetry::{Metrics, observe};
use crate::{listen, pages, routes, sweep, target};
use actix_web::App;
use actix_web::dev::Server;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::{Compress, DefaultHeaders, from_fn};
use actix_web::web::{self, Data};
use around::{bytes_as_they_are, known_by_address, renew_cookie, security, what_coding_gains};
use entity::AccountId;
use entity::rotating_code::Codes;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A server that is bound and ready to run.
pub struct Application {
    server: Server,
    port: u16,
    stop: watch::Sender<bool>,
    background: Vec<JoinHandle<()>>,
}

impl Application {
    /// Bind, open the data folder, bring the schema up to date, and start the background work.
    ///
    /// # Errors
    /// When the port is taken, the folder can't be written, or anything in it can't be opened.
    pub async fn build(config: Config) -> Result<Self, Failure> {
        let listener = bind(&config)?;
        let port = listener.local_addr().map_err(|cause| Failure::new("无法读取监听端口", cause))?.port();
        let certificate = certificate(&config)?;
        let parts = Parts::open(&config).await?;
        let (stop, stopped) = watch::channel(false);
        let mut background = background(&parts, &config, &stopped);
        background.extend(certificate.clone().map(|certificate| tokio::spawn(certificate.follow(stopped))));
        let server = serve(listener, certificate.as_ref(), &config, parts)?;
        Ok(Self { server, port, stop, background })
    }

    /// The port that was bound.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serve until SIGINT or SIGTERM; open requests are finished, then the background work.
    ///
    /// # Errors
    /// When the server fails while it runs.
    pub async fn run_until_stopped(self) -> Result<(), Failure> {
        let outcome = self.server.await.map_err(|cause| Failure::new("服务异常中止", cause));
        let _ = self.stop.send(true);
        for task in self.background {
            let _ = tokio::time::timeout(Duration::from_secs(10), task).await;
        }
        outcome
    }
}

fn bind(config: &Config) -> Result<TcpListener, Failure> {
    TcpListener::bind(config.listen).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::AddrInUse => {
            Failure::say(format!("端口 {} 已被占用，请关闭占用它的程序或用 --listen 换一个地址", config.listen))
        }
        _ => Failure::new(format!("无法监听 {}", config.listen), cause),
    })
}

fn certificate(config: &Config) -> Result<Option<Certificate>, Failure> {
    match (&config.tls_certificate, &config.tls_key) {
        (Some(chain), Some(key)) => Certificate::open(chain, key).map(Some),
        (None, None) => Ok(None),
        _ => Err(Failure::say("tls_certificate 与 tls_key 必须同时设置")),
    }
}

fn background(parts: &Parts, config: &Config, stopped: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
    let sweep = sweep::run(
        parts.db.clone(),
        parts.uploads.clone(),
        parts.store.clone(),
        config.collect_after_days,
        stopped.clone(),
    );
    let follow = catalog::search::follow(parts.db.read.clone(), parts.index.clone(), stopped.clone());
    let settings = content::prepare::Settings {
        data: config.data.clone(),
        ffmpeg: config.ffmpeg.clone(),
        workers: config.prepare_workers,
        keep_free_bytes: config.low_disk_bytes,
    };
    let prepare = content::prepare::run(parts.db.write.clone(), parts.store.clone(), settings, stopped.clone());
    let asked = catalog::asked::follow(parts.db.write.clone(), parts.asked.clone(), stopped.clone());
    let heard = heard::follow(parts.db.clone(), parts.heard.clone(), stopped.clone());
    vec![tokio::spawn(sweep), tokio::spawn(follow), tokio::spawn(prepare), tokio::spawn(asked), tokio::spawn(heard)]
}

fn serve(
    listener: TcpListener,
    certificate: Option<&Certificate>,
    config: &Config,
    parts: Parts,
) -> Result<Server, Failure> {
    let tokens = Data::new(Tokens::new(&parts.keys));
    let tickets = Data::new(content::ticket::Tickets::new(
        parts.keys.derive("media-ticket"),
        parts.keys.derive_previous("media-ticket"),
    ));
    let codes = Data::new(Codes::new(parts.keys.derive("room-code"), parts.keys.derive_previous("room-code")));
    let guesses = Data::new(Limiter::<AccountId>::of(MOST_WRONG));
    let (known, doors, metrics) =
        (Data::new(Known::start(parts.db.read.clone())), Data::new(Doors::default()), Data::new(Metrics::default()));
    let (db, keys, recorder) = (Data::new(parts.db), Data::new(parts.keys), Data::new(parts.recorder));
    let (store, index, unfinished) = (Data::from(parts.store), Data::from(parts.index), Data::new(parts.uploads));
    let https = config.is_https();
    let cookies = Data::new(CookiePolicy { secure: https });
    let watched = Data::new(crate::api::media::Watched::default());
    let fetched = Data::new(crate::api::media::Fetched::start((**db).clone()));
    let asked = Data::from(parts.asked);
    let searches = Data::new(crate::api::search::Searches::default());
    let glances = Data::new(crate::pages::office::glances::Glances::default());
    let (heard, pairing) = (Data::from(parts.heard), Data::new(crate::api::devices::PairingLimits::default()));
    let settings = Data::new(config.clone());
    let workers = match config.workers {
        0 => std::thread::available_parallelism().map_or(2, usize::from),
        count => count,
    };
    let ranges = || Ranges { watched: watched.clone(), fetched: fetched.clone(), store: store.clone() };
    let shortcuts = Arc::new(Shortcuts {
        remembered: Remembered { tokens: tokens.clone(), known: known.clone(), cookies: cookies.clone() },
        ranges: config.accel_redirect.is_none().then(ranges),
        beats: Beats { recorder: recorder.clone(), heard: heard.clone() },
        metrics: metrics.clone(),
        always: security(https)
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect(),
    });
    let app = move || {
        App::new()
            .app_data(db.clone())
            .app_data(keys.clone())
            .app_data(tokens.clone())
            .app_data(tickets.clone())
            .app_data(known.clone())
            .app_data(doors.clone())
            .app_data(codes.clone())
            .app_data(guesses.clone())
            .app_data(metrics.clone())
            .app_data(recorder.clone())
            .app_data(store.clone())
            .app_data(unfinished.clone())
            .app_data(index.clone())
            .app_data(cookies.clone())
            .app_data(watched.clone())
            .app_data(fetched.clone())
            .app_data(searches.clone())
            .app_data(glances.clone())
            .app_data(asked.clone())
            .app_data(settings.clone())
            .app_data(heard.clone())
            .app_data(pairing.clone())
            .configure(parsing)
            .configure(routes::configure)
            .default_service(web::to(|| async { Err::<&str, _>(ApiError::new(Code::NotFound)) }))
            .wrap(from_fn(access::first))
            .wrap(from_fn(known_by_address))
            .wrap(from_fn(target::check))
            .wrap(from_fn(renew_cookie))
            .wrap(from_fn(same_origin_only))
            .wrap(from_fn(pages::failed::draw))
            .wrap(security(https).fold(DefaultHeaders::new(), DefaultHeaders::add))
            .wrap(from_fn(what_coding_gains))
            .wrap(Compress::default())
            .wrap(from_fn(bytes_as_they_are))
            .wrap(from_fn(uploads::method_override))
            .wrap(from_fn(observe))
    };
    listen::serve(listener, workers, certificate, move |request: &mut _| shortcuts.take(request), app)
}

/// How bodies, queries and paths are read, and what is said when they can't be.
fn parsing(app: &mut web::ServiceConfig) {
    app.app_data(web::JsonConfig::default().limit(SHORT_BYTES).error_handler(|cause, _| ApiError::from(cause).into()))
        .app_data(web::FormConfig::default().limit(SHORT_BYTES).error_handler(|cause, _| ApiError::from(cause).into()))
        .app_data(web::PayloadConfig::new(SHORT_BYTES))
        .app_data(web::QueryConfig::default().error_handler(|cause, _| ApiError::from(cause).into()))
        .app_data(web::PathConfig::default().error_handler(|_, _| ApiError::new(Code::NotFound).into()));
}
