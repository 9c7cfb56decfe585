//! How connections come in: actix's HTTP service over a [`Wire`], which sends media without copying it.
//!
//! It is what `actix_web::HttpServer` does with a listener, over our own kind of connection: that one leaves no room
//! for it. Nothing here knows a route.

mod framing;
pub mod tls;
mod turnstile;

use crate::failure::Failure;
use actix_http::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol, Request, Response};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, apply_fn_factory, fn_service, map_config};
use actix_web::dev::{AppConfig, Server, Service};
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use actix_web::{Error, HttpRequest, HttpResponse};
use content::wire::{Lane, Wire};
use socket2::SockRef;
use std::fmt::Debug;
use std::net::TcpListener;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tls::Certificate;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use turnstile::{Answering, Door, Turnstile};

/// Connections a worker holds at most.
const CONNECTIONS: usize = 25_000;
/// Threads a worker starts at most for what blocks. A disk that hangs holds some of them; passwords, searches and the
/// other disk go on, on the rest. They are started when they are needed.
const BLOCKING_THREADS: usize = content::disk::MOST_WAITING + 160;
/// Bytes a connection keeps in the kernel that were never sent. Without a bound the kernel queues up to 4 MB for each,
/// and a few thousand rooms that play exhaust what it has for all sockets: then it drops what it took in, and everybody
/// waits for timers. What is on its way to the client does not count, so a long fast link stays full.
const UNSENT: u32 = 64 * 1024;
/// How long the head of a connection's first request may take.
const HEAD: Duration = Duration::from_secs(15);
/// How long a client may take to close after us.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long open requests have, in seconds, when the server is told to stop.
const LAST_WORDS_S: u64 = 20;

/// An answer that is given before a request comes to the app.
pub enum Early {
    /// It is there.
    Now(Response<BoxBody>),
    /// It is being made.
    Soon(Pin<Box<dyn Future<Output = Response<BoxBody>>>>),
}

/// Serve an app on a listener with so many workers, over TLS when a certificate is given; each worker makes its own app
/// with `app`. What `first` answers never comes to it.
///
/// # Errors
/// When the listener or the certificate can't be used.
pub fn serve<First, App, Made, S, B>(
    listener: TcpListener,
    workers: usize,
    certificate: Option<&Certificate>,
    first: First,
    app: App,
) -> Result<Server, Failure>
where
    First: Fn(&mut Request) -> Option<Early> + Send + Clone + 'static,
    App: Fn() -> Made + Send + Clone + 'static,
    Made: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let unusable = |cause| Failure::new("无法启动服务", cause);
    let address = listener.local_addr().map_err(unusable)?;
    // Every connection inherits both from the listener.
    let listening = SockRef::from(&listener);
    // Without it the last part of a range waits 40 ms for an acknowledgement (Nagle and delayed ACK).
    listening.set_tcp_nodelay(true).map_err(unusable)?;
    listening.set_tcp_notsent_lowat(UNSENT).map_err(unusable)?;
    let builder = Server::build()
        .workers(workers)
        .worker_max_blocking_threads(BLOCKING_THREADS)
        .max_concurrent_connections(CONNECTIONS)
        .shutdown_timeout(LAST_WORDS_S);
    let stopping = builder.graceful_shutdown_signal();
    let made = move || {
        let (first, app) = (first.clone(), app().into_factory());
        let app = app.map_err(|error| error.into().error_response());
        apply_fn_factory(map_config(app, |()| AppConfig::default()), move |mut request: Request, app: &_| {
            let answering = Door::answering(request.conn_data::<Door>());
            let early = first(&mut request).ok_or_else(|| Service::call(app, request));
            async move {
                let response = match early {
                    Ok(Early::Now(response)) => response.map_body(|_, body| EitherBody::<B>::right(body)),
                    Ok(Early::Soon(response)) => response.await.map_body(|_, body| EitherBody::right(body)),
                    Err(app) => app.await?.into().map_body(|_, body| EitherBody::left(body)),
                };
                Ok::<_, HttpResponse>(
                    response.map_body(|_, body| Whole { body: Box::pin(body), _answering: answering }),
                )
            }
        })
    };
    macro_rules! http {
        ($stopping:expr) => {{
            let stopping = $stopping.clone();
            HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .client_request_timeout(HEAD)
                .client_disconnect_timeout(GOODBYE)
                .local_addr(address)
        }};
    }
    let builder = match certificate {
        None => builder.listen("http", listener, move || {
            let http = http!(stopping)
                .on_connect_ext(|turnstile: &Turnstile<Wire>, data| {
                    data.insert(turnstile.lane());
                    data.insert(turnstile.door());
                })
                .h1(made());
            let stopping = stopping.clone();
            fn_service(move |socket: TcpStream| {
                let stopping = stopping.clone();
                async move {
                    let peer = socket.peer_addr().ok();
                    Ok((Turnstile::before(Wire::over(spoken_to(socket, stopping.notified()).await?)), peer))
                }
            })
            .and_then(http)
        }),
        Some(certificate) => {
            let acceptor = TlsAcceptor::from(certificate.config()?);
            builder.listen("https", listener, move || {
                let http = http!(stopping)
                    .on_connect_ext(|turnstile: &Turnstile<TlsStream<TcpStream>>, data| {
                        data.insert(turnstile.door());
                    })
                    .finish(made());
                let (stopping, acceptor) = (stopping.clone(), acceptor.clone());
                fn_service(move |socket: TcpStream| {
                    let (stopping, acceptor) = (stopping.clone(), acceptor.clone());
                    async move {
                        let peer = socket.peer_addr().ok();
                        let socket = spoken_to(socket, stopping.notified()).await?;
                        let greeting = tokio::time::timeout(HEAD, acceptor.accept(socket)).await;
                        let secret = greeting.map_err(|_| DispatchError::SlowRequestTimeout)?;
                        let secret = secret.map_err(DispatchError::Io)?;
                        Ok(match secret.get_ref().1.alpn_protocol() {
                            Some(tls::H2) => (Turnstile::open(secret), Protocol::Http2, peer),
                            _ => (Turnstile::before(secret), Protocol::Http1, peer),
                        })
                    }
                })
                .and_then(http)
            })
        }
    };
    Ok(builder.map_err(unusable)?.run())
}

/// The connection once the client has said something. Until then it is only a socket: its buffers, 16 KiB and more, are
/// not made for those who connect and keep silent.
async fn spoken_to(socket: TcpStream, stopping: impl Future<Output = ()>) -> Result<TcpStream, DispatchError> {
    tokio::select! {
        readable = socket.readable() => readable.map_err(DispatchError::Io)?,
        () = tokio::time::sleep(HEAD) => return Err(DispatchError::SlowRequestTimeout),
        () = stopping => return Err(DispatchError::DisconnectTimeout),
    }
    Ok(socket)
}

/// The body of an answer, which lets the next request pass when it is through.
struct Whole<B> {
    body: Pin<Box<B>>,
    _answering: Answering,
}

impl<B: MessageBody> MessageBody for Whole<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.body.as_mut().poll_next(cx)
    }
}

/// The way for bodies onto the connection a request came by; `None` where it came by no [`Wire`].
pub fn lane(request: &HttpRequest) -> Option<&Lane> {
    request.conn_data::<Lane>()
}
