//! Puts the server together: binds first, opens everything it holds, starts the background work, serves until told to stop.

use crate::api::join::MOST_WRONG;
use crate::api::media::Quick;
use crate::api::uploads;
use crate::auth::cookie::CookiePolicy;
use crate::auth::csrf::same_origin_only;
use crate::auth::heard::{self, Heard};
use crate::auth::identity::{self, NewAccess};
use crate::auth::keys::Keys;
use crate::auth::known::Known;
use crate::auth::limiter::{Doors, Limiter};
use crate::auth::token::Tokens;
use crate::config::Config;
use crate::database::Database;
use crate::error::{ApiError, Code};
use crate::failure::Failure;
use crate::listen::tls::Certificate;
use crate::telemetry::{Metrics, observe};
use crate::{listen, pages, routes, stores, sweep, target};
use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT_ENCODING, HeaderName, HeaderValue, VARY};
use actix_web::middleware::{Compress, DefaultHeaders, Next, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, HttpMessage};
use catalog::asked::Asked;
use catalog::search::Index;
use content::store::Store;
use content::upload::{Limits, Uploads};
use entity::{AccountId, Moment};
use player::classroom::code::Codes;
use player::recorder::Recorder;
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

/// What the process holds open; each part is given to handlers by its own type.
#[derive(Clone)]
pub struct Parts {
    /// The database.
    pub db: Database,
    /// The blobs.
    pub store: Arc<Store>,
    /// The uploads that are not blobs yet.
    pub uploads: Uploads,
    /// The search index.
    pub index: Arc<Index>,
    /// What is searched for.
    pub asked: Arc<Asked>,
    /// Which terminals were heard of.
    pub heard: Arc<Heard>,
    /// The writer of beats.
    pub recorder: Recorder,
    /// The server's secrets.
    pub keys: Keys,
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

impl Parts {
    /// Open everything in the data folder.
    ///
    /// # Errors
    /// When a part can't be opened.
    pub async fn open(config: &Config) -> Result<Self, Failure> {
        prepare_folder(config)?;
        let db = open_database(config).await?;
        let keys = Keys::open(&config.data)?;
        let store = stores::open(config)?;
        stores::look(&store).await;
        let limits = Limits {
            max_bytes: config.max_upload_bytes,
            keep_free_bytes: config.low_disk_bytes,
            county_quota: config.county_quota_bytes,
            ..Limits::default()
        };
        let uploads = Uploads::open(&config.data, limits).map_err(|cause| Failure::new("无法打开上传文件夹", cause))?;
        let index = open_index(config, &db).await?;
        if let Some(root) = roster::org::root(&db.read).await.map_err(|cause| Failure::new("无法读取机构", cause))?
        {
            archive::rules::ensure_presets(&db.write, root.id, Moment::now())
                .await
                .map_err(|cause| Failure::new("无法载入学时规则", cause))?;
        }
        pages::shell::look_for_samples(&db.read).await.map_err(|cause| Failure::new("无法读取课程", cause))?;
        let recorder = Recorder::start(db.write.clone());
        Ok(Self {
            db,
            store: Arc::new(store),
            uploads,
            index: Arc::new(index),
            asked: Arc::default(),
            heard: Arc::default(),
            recorder,
            keys,
        })
    }
}

/// Open the database and bring its schema up to this release.
///
/// # Errors
/// When it can't be opened or migrated.
pub async fn open_database(config: &Config) -> Result<Database, Failure> {
    use secrecy::ExposeSecret;
    let url = config.database_url.as_ref().map(|url| url.expose_secret().to_owned());
    let db = Database::open(&config.data, url.as_deref()).await?;
    db.migrate().await?;
    Ok(db)
}

/// Open the search index, or build it anew from the database.
///
/// # Errors
/// When it can't be built.
pub async fn open_index(config: &Config, db: &Database) -> Result<Index, Failure> {
    Index::open(&config.data, &db.read).await.map_err(|cause| Failure::new("无法打开检索索引", cause))
}

/// Make the data folder if it isn't there, and see that it can be written.
///
/// # Errors
/// When it can't be made or written.
pub fn prepare_folder(config: &Config) -> Result<(), Failure> {
    let failed = |cause| Failure::new(format!("数据文件夹 {} 不可写", config.data.display()), cause);
    std::fs::create_dir_all(&config.data).map_err(failed)?;
    let probe = config.data.join(".writable");
    std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).map_err(failed)
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
    let (heard, pairing) = (Data::from(parts.heard), Data::new(crate::api::devices::PairingLimits::default()));
    let settings = Data::new(config.clone());
    let workers = match config.workers {
        0 => std::thread::available_parallelism().map_or(2, usize::from),
        count => count,
    };
    let quick = config.accel_redirect.is_none().then(|| {
        Arc::new(Quick {
            tokens: tokens.clone(),
            known: known.clone(),
            watched: watched.clone(),
            fetched: fetched.clone(),
            store: store.clone(),
            metrics: metrics.clone(),
            cookies: cookies.clone(),
            always: security(https)
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect(),
        })
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
            .app_data(asked.clone())
            .app_data(settings.clone())
            .app_data(heard.clone())
            .app_data(pairing.clone())
            .configure(parsing)
            .configure(routes::configure)
            .default_service(web::to(|| async { Err::<&str, _>(ApiError::new(Code::NotFound)) }))
            .wrap(from_fn(identity::first))
            .wrap(from_fn(known_by_address))
            .wrap(from_fn(target::check))
            .wrap(from_fn(renew_cookie))
            .wrap(from_fn(same_origin_only))
            .wrap(from_fn(pages::failed::draw))
            .wrap(security(https).fold(DefaultHeaders::new(), DefaultHeaders::add))
            .wrap(Compress::default())
            .wrap(from_fn(bytes_as_they_are))
            .wrap(from_fn(uploads::method_override))
            .wrap(from_fn(observe))
    };
    listen::serve(listener, workers, certificate, move |request: &_| quick.as_ref()?.answer(request), app)
}

/// How bodies, queries and paths are read, and what is said when they can't be.
fn parsing(app: &mut web::ServiceConfig) {
    app.app_data(web::JsonConfig::default().limit(1 << 20).error_handler(|cause, _| ApiError::from(cause).into()))
        .app_data(web::FormConfig::default().limit(1 << 20).error_handler(|cause, _| ApiError::from(cause).into()))
        .app_data(web::PayloadConfig::new(1 << 20))
        .app_data(
            web::QueryConfig::default()
                .error_handler(|cause, _| ApiError::say(Code::InvalidRequest, format!("查询参数有误：{cause}")).into()),
        )
        .app_data(web::PathConfig::default().error_handler(|_, _| ApiError::new(Code::NotFound).into()));
}

/// Nothing but our own files may run, be framed, be guessed at, or be kept for somebody else.
const SECURITY: [(&str, &str); 8] = [
    ("cache-control", "private, no-cache"), // unless the answer says otherwise
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"), // for browsers that do not know frame-ancestors
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; \
         connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
];

/// For a year, and this name alone: what else the city has under its domain is not ours to say (RFC 6797).
const HTTPS_ONLY: (&str, &str) = ("strict-transport-security", "max-age=31536000");

fn security(https: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
    SECURITY.into_iter().chain(https.then_some(HTTPS_ONLY))
}

/// Media is compressed already and its ranges count the bytes as stored, so content coding never touches it. Everything
/// else depends on the codings asked for, also where none was chosen.
async fn bytes_as_they_are(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if request.path().starts_with("/media/") || request.path().starts_with("/uploads") {
        request.headers_mut().remove(ACCEPT_ENCODING);
        return next.call(request).await;
    }
    let mut response = next.call(request).await?;
    let says = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"accept-encoding");
    if !response.headers().get_all(VARY).any(says) {
        response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
    }
    Ok(response)
}

/// What is written into the audit log meanwhile says where the request came from.
async fn known_by_address(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let address = crate::auth::address::of(request.request()).to_string();
    entity::audit::asked_from(address, next.call(request)).await
}

/// Send the access cookie that the refresh cookie brought.
async fn renew_cookie(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let policy = request.app_data::<Data<CookiePolicy>>().map(|policy| ***policy);
    let mut response = next.call(request).await?;
    let renewed = response.request().extensions_mut().remove::<NewAccess>();
    if let (Some(NewAccess { access, refresh }), Some(policy)) = (renewed, policy) {
        response.response_mut().add_cookie(&policy.access(access))?;
        if let Some(refresh) = refresh {
            response.response_mut().add_cookie(&policy.refresh_once_more(refresh))?;
        }
    }
    Ok(response)
}
