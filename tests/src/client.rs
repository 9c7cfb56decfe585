//! A client that speaks the product's words over real HTTP.

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

/// Somebody with a bearer token, or nobody.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    /// `http://127.0.0.1:port`
    pub url: String,
    /// The access token.
    pub token: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The stable error code.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The answer, if its status is this one.
    #[track_caller]
    pub fn must(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }
}

impl Client {
    /// Nobody yet.
    pub fn new(url: &str) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // A server closes what is silent for 5 s: a busy machine would send on a line that is just being closed.
            .pool_idle_timeout(std::time::Duration::from_secs(2))
            .build()
            .unwrap();
        Self { http, url: url.to_owned(), token: None }
    }

    /// Sign in; the rest of the calls carry the bearer token.
    pub async fn sign_in(&self, login: &str, password: &str) -> Self {
        let answer = self.post("/api/v1/session", json!({"login": login, "password": password})).await.must(200);
        Self { token: answer.json()["access_token"].as_str().map(str::to_owned), ..self.clone() }
    }

    /// The same client with this access token.
    pub fn holding(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// A request to be completed by the caller.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Send a request and read the answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap()
    }

    /// The same of a server that may go away before it has answered.
    pub async fn try_send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// GET with one more header.
    pub async fn get_with(&self, path: &str, header: &str, value: &str) -> Answer {
        self.send(self.request(Method::GET, path).header(header, value)).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// POST of nothing.
    pub async fn post_empty(&self, path: impl AsRef<str>) -> Answer {
        self.send(self.request(Method::POST, path.as_ref())).await
    }

    /// PATCH of JSON.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Begin a playback alone: its id.
    pub async fn play(&self, lesson_id: i64) -> i64 {
        let body = json!({"lesson_id": lesson_id, "mode": "solo"});
        self.post("/api/v1/playback", body).await.must(200).json()["session_id"].as_i64().unwrap()
    }

    /// One beat.
    pub async fn beat(&self, playback: i64, seq: i64, position_ms: i64, playing: bool) -> Answer {
        let body = json!({"seq": seq, "position_ms": position_ms, "playing": playing, "rate": 1.0});
        self.post(&format!("/api/v1/playback/{playback}/beat"), body).await
    }

    /// Send a whole file through `/uploads` in pieces: the upload's id.
    pub async fn upload(&self, filename: &str, filetype: &str, bytes: &[u8]) -> String {
        let metadata = format!("filename {},filetype {}", base64(filename), base64(filetype));
        let create = self
            .request(Method::POST, "/uploads")
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Length", bytes.len())
            .header("Upload-Metadata", metadata);
        let location = self.send(create).await.must(201).header("location").to_owned();
        let path = location[location.find("/uploads/").unwrap()..].to_owned();
        for (number, piece) in bytes.chunks(300_000).enumerate() {
            let append = self
                .request(Method::PATCH, &path)
                .header("Tus-Resumable", "1.0.0")
                .header("Upload-Offset", number * 300_000)
                .header("Content-Type", "application/offset+octet-stream")
                .body(piece.to_vec());
            self.send(append).await.must(204);
        }
        path.trim_start_matches("/uploads/").to_owned()
    }

    /// Announce a file of this length and send nothing of it: the upload's id.
    pub async fn begin_upload_of(&self, length: u64) -> String {
        let create = self.request(Method::POST, "/uploads").header("Tus-Resumable", "1.0.0");
        let created = self.send(create.header("Upload-Length", length)).await.must(201);
        let location = created.header("location");
        location[location.find("/uploads/").unwrap() + "/uploads/".len()..].to_owned()
    }

    /// Announce a file and send only the first bytes of it: the upload's id.
    pub async fn begin_upload(&self, bytes: &[u8], first: usize) -> String {
        let upload = self.begin_upload_of(bytes.len() as u64).await;
        let append = self
            .request(Method::PATCH, &format!("/uploads/{upload}"))
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Offset", 0)
            .header("Content-Type", "application/offset+octet-stream")
            .body(bytes[..first].to_vec());
        self.send(append).await.must(204);
        upload
    }

    /// Wait until an upload became a blob: its status.
    pub async fn uploaded(&self, id: &str) -> Value {
        for _ in 0..1200 {
            let status = self.get(&format!("/api/v1/uploads/{id}")).await.must(200).json();
            if matches!(status["state"].as_str(), Some("complete" | "failed")) {
                return status;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("upload {id} was never finished");
    }
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
