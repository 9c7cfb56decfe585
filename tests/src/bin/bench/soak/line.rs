//! One keep-alive connection of a player: asks, waits, and asks again when the server was away.

use serde_json::Value;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// How long an answer may take before the player believes that the line is gone.
const PATIENCE: Duration = Duration::from_secs(20);

/// A line to the server.
pub struct Line {
    address: SocketAddr,
    socket: Option<BufReader<TcpStream>>,
}

/// What it took to be answered.
#[derive(Default)]
pub struct Effort {
    /// 503 that said to come again.
    pub busy: u64,
    /// Connections that broke or were refused.
    pub broken: u64,
}

impl Line {
    /// To this server; connects when first asked.
    pub fn to(address: SocketAddr) -> Self {
        Self { address, socket: None }
    }

    /// POST until it is answered with something else than "come again". `body` is made anew for every try, since a
    /// beat says how long ago it was made.
    pub async fn post(
        &mut self,
        path: &str,
        token: &str,
        body: impl Fn() -> Value,
        effort: &mut Effort,
    ) -> (u16, Value) {
        loop {
            match timeout(PATIENCE, self.ask(path, token, &body().to_string())).await {
                Ok(Ok((503, _))) => {
                    effort.busy += 1;
                    sleep(Duration::from_secs(1)).await;
                }
                Ok(Ok(answer)) => return answer,
                Ok(Err(_)) | Err(_) => {
                    effort.broken += 1;
                    self.socket = None;
                    sleep(Duration::from_millis(300)).await;
                }
            }
        }
    }

    async fn ask(&mut self, path: &str, token: &str, body: &str) -> Result<(u16, Value)> {
        let socket = match &mut self.socket {
            Some(socket) => socket,
            None => {
                let socket = TcpStream::connect(self.address).await?;
                socket.set_nodelay(true)?;
                self.socket.insert(BufReader::with_capacity(2048, socket))
            }
        };
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        socket.get_mut().write_all(request.as_bytes()).await?;
        let (mut line, mut status, mut length) = (String::new(), 0, 0);
        loop {
            line.clear();
            if socket.read_line(&mut line).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if status == 0 {
                status = line.get(9..12).and_then(|digits| digits.parse().ok()).ok_or(ErrorKind::InvalidData)?;
            } else if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().map_err(Error::other)?;
            } else if line == "\r\n" {
                break;
            }
        }
        let mut answer = vec![0; length];
        socket.read_exact(&mut answer).await?;
        Ok((status, serde_json::from_slice(&answer).unwrap_or_default()))
    }
}
