//! How connections come in: actix's HTTP service over a [`Wire`], which sends media without copying it.
//!
//! It is what `actix_web::HttpServer` does with a listener, over our own kind of connection: that one leaves no room
//! for it. Nothing here knows a route.

mod framing;
mod turnstile;

use actix_http::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_http::{HttpService, Request, Response};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, apply_fn_factory, fn_service, map_config};
use actix_web::dev::{AppConfig, Server, Service};
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use actix_web::{Error, HttpRequest, HttpResponse};
use content::wire::{Lane, Wire};
use socket2::SockRef;
use std::fmt::Debug;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
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

/// Serve an app on a listener with so many workers; each makes its own with `app`. What `first` answers never comes
/// to it.
///
/// # Errors
/// When the listener can't be used.
pub fn serve<First, App, Made, S, B>(
    listener: TcpListener,
    workers: usize,
    first: First,
    app: App,
) -> io::Result<Server>
where
    First: Fn(&Request) -> Option<Response<BoxBody>> + Send + Clone + 'static,
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
    let address = listener.local_addr()?;
    // Every connection inherits both from the listener.
    let listening = SockRef::from(&listener);
    // Without it the last part of a range waits 40 ms for an acknowledgement (Nagle and delayed ACK).
    listening.set_tcp_nodelay(true)?;
    listening.set_tcp_notsent_lowat(UNSENT)?;
    let builder = Server::build()
        .workers(workers)
        .worker_max_blocking_threads(BLOCKING_THREADS)
        .max_concurrent_connections(CONNECTIONS)
        .shutdown_timeout(LAST_WORDS_S);
    let stopping = builder.graceful_shutdown_signal();
    let builder = builder.listen("http", listener, move || {
        let (stopping, first) = (stopping.clone(), first.clone());
        let app = app().into_factory().map_err(|error| error.into().error_response());
        let app = apply_fn_factory(map_config(app, |()| AppConfig::default()), move |request: Request, app: &_| {
            let answering = Door::answering(request.conn_data::<Door>());
            let answered = first(&request).ok_or_else(|| Service::call(app, request));
            async move {
                let response = match answered {
                    Ok(response) => response.map_body(|_, body| EitherBody::<B>::right(body)),
                    Err(app) => app.await?.into().map_body(|_, body| EitherBody::left(body)),
                };
                Ok::<_, HttpResponse>(
                    response.map_body(|_, body| Whole { body: Box::pin(body), _answering: answering }),
                )
            }
        });
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_request_timeout(HEAD)
            .client_disconnect_timeout(GOODBYE)
            .local_addr(address)
            .on_connect_ext(|turnstile: &Turnstile, data| {
                data.insert(turnstile.lane());
                data.insert(turnstile.door());
            })
            .h1(app);
        fn_service(|socket: TcpStream| async move {
            let peer = socket.peer_addr().ok();
            Ok((Turnstile::before(Wire::over(socket)), peer))
        })
        .and_then(http)
    })?;
    Ok(builder.run())
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
