//! A server that speaks https itself: HTTP/2 and HTTP/1.1, the same bytes on both, and a certificate that is renewed.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;
use tests::city::{PASSWORD, sha256};
use tests::{City, PATIENCE};

/// A city whose server has a certificate of its own.
struct Secret {
    city: City,
    /// `https://localhost:port`.
    url: String,
}

fn write_pair(folder: &Path) -> PathBuf {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("tls.key"), signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("tls.pem"), cert.pem()).unwrap();
    let copy = folder.join(format!("trusted-{}.pem", sha256(cert.der())));
    std::fs::write(&copy, cert.pem()).unwrap();
    copy
}

async fn secret() -> (Secret, PathBuf) {
    let mut trusted = PathBuf::new();
    let city = City::start_with(|config| {
        trusted = write_pair(&config.data);
        config.tls_certificate = Some(config.data.join("tls.pem"));
        config.tls_key = Some(config.data.join("tls.key"));
    })
    .await;
    let port = city.url.rsplit(':').next().unwrap().to_owned();
    (Secret { url: format!("https://localhost:{port}"), city }, trusted)
}

impl Secret {
    fn curl(&self, trusted: &Path, path: &str, words: &[&str]) -> Output {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--resolve"]).arg(format!("{}:127.0.0.1", self.url.trim_start_matches("https://")));
        curl.arg("--cacert").arg(trusted).args(words).arg(format!("{}{path}", self.url)).output().unwrap()
    }

    fn says(&self, trusted: &Path, path: &str, words: &[&str]) -> String {
        let output = self.curl(trusted, path, words);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn token(&self, trusted: &Path, login: &str) -> String {
        let body = format!("{{\"login\":\"{login}\",\"password\":\"{PASSWORD}\"}}");
        let answer = self.says(trusted, "/api/v1/session", &["--json", &body]);
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    fn signed_in(&self, trusted: &Path) -> String {
        format!("Authorization: Bearer {}", self.token(trusted, "cadre"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_pages_and_ranges_are_the_same_by_http2_and_by_http1() {
    let (secret, trusted) = secret().await;
    let (token, video) = (secret.signed_in(&trusted), secret.city.video.clone());
    let file = secret.city.data.join("part");
    for (version, said) in [("--http2", "2 206"), ("--http1.1", "1.1 206")] {
        let out = ["-H", &token, version, "-r", "1000-250000", "-o", file.to_str().unwrap()];
        let words: Vec<&str> = out.into_iter().chain(["-w", "%{http_version} %{http_code}"]).collect();
        assert_eq!(secret.says(&trusted, &format!("/media/{}", sha256(&video)), &words), said);
        assert!(std::fs::read(&file).unwrap() == video[1000..=250_000], "{version}");
        // Several requests on one connection, one of them with a body.
        let more = [version, "-H", &token, "-o", "/dev/null", "-w", "%{http_code} "];
        let again = format!("{}/api/v1/me", secret.url);
        let words: Vec<&str> = more.into_iter().chain([again.as_str(), "-o", "/dev/null"]).collect();
        assert_eq!(secret.says(&trusted, "/healthz", &words), "200 200 ");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_code_on_the_wall_leads_to_https_whatever_http_asked() {
    let (secret, trusted) = secret().await;
    let city = &secret.city;
    let token = format!("Authorization: Bearer {}", secret.token(&trusted, "site"));
    let roster =
        serde_json::json!({"lesson_id": city.lesson("video"), "mode": "group", "roster": [city.people["甲村覃小梅"]]})
            .to_string();
    let begun = secret.says(&trusted, "/api/v1/playback", &["-H", &token, "--json", &roster]);
    let session = serde_json::from_str::<serde_json::Value>(&begun).unwrap()["session_id"].clone();
    for version in ["--http1.1", "--http2"] {
        let room = secret.says(&trusted, &format!("/api/v1/playback/{session}/room"), &["-H", &token, version]);
        let code = serde_json::from_str::<serde_json::Value>(&room).unwrap()["code"].clone();
        let digits = code["digits"].as_str().unwrap();
        let wanted = server::qr::of(&format!("{}/join?room={session}&code={digits}", secret.url)).unwrap();
        assert_eq!(code["qr"], serde_json::to_value(wanted).unwrap(), "{version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_cookies_are_of_this_host_alone_and_browsers_are_told_to_come_back_so() {
    let (secret, trusted) = secret().await;
    let body = format!("{{\"login\":\"cadre\",\"password\":\"{PASSWORD}\"}}");
    let head = secret.says(&trusted, "/api/v1/session", &["--json", &body, "-D", "-", "-o", "/dev/null"]);
    let cookies: Vec<&str> = head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")).collect();
    assert_eq!(cookies.len(), 2, "{head}");
    for cookie in &cookies {
        assert!(cookie.starts_with("__Host-yj_") && cookie.contains("; Secure") && cookie.contains("; Path=/"));
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    assert!(head.contains("strict-transport-security: max-age=31536000\r\n"), "{head}");
    let sent: Vec<&str> = cookies.iter().filter_map(|cookie| cookie.split(';').next()).collect();
    let me =
        |cookie: &str| secret.says(&trusted, "/api/v1/me", &["-b", cookie, "-o", "/dev/null", "-w", "%{http_code}"]);
    assert_eq!(me(&sent.join("; ")), "200");
    assert_eq!(me(&sent.join("; ").replace("__Host-", "")), "401", "a neighbour under the domain could have set these");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_used_without_a_restart_and_a_broken_one_is_not() {
    let (secret, first) = secret().await;
    secret.says(&first, "/healthz", &[]);
    let renewed = write_pair(&secret.city.data);
    let began = Instant::now();
    while !secret.curl(&renewed, "/healthz", &[]).status.success() {
        assert!(began.elapsed() < PATIENCE, "the new certificate is not used");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert!(!secret.curl(&first, "/healthz", &[]).status.success(), "the old one is");
    std::fs::write(secret.city.data.join("tls.pem"), "half a certific").unwrap();
    let third = write_pair(&secret.city.data.join("media"));
    std::fs::copy(secret.city.data.join("media/tls.pem"), secret.city.data.join("tls.pem")).unwrap();
    // Its key is still that of the one before: the two do not belong together.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    secret.says(&renewed, "/healthz", &[]);
    std::fs::copy(secret.city.data.join("media/tls.key"), secret.city.data.join("tls.key")).unwrap();
    let began = Instant::now();
    while !secret.curl(&third, "/healthz", &[]).status.success() {
        assert!(began.elapsed() < PATIENCE, "the pair is whole and not used");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_cannot_be_used_is_refused_at_the_start_and_plain_http_gets_nothing() {
    let (secret, trusted) = secret().await;
    let plain = Command::new("curl").args(["-s", &secret.url.replace("https", "http")]).output().unwrap();
    assert!(!plain.status.success());
    secret.says(&trusted, "/healthz", &[]);
    let mut config = secret.city.config.clone();
    let pem = secret.city.data.join("tls.pem");
    let refused = |config: server::config::Config| async {
        server::app::Application::build(config).await.err().map(|failure| failure.to_string()).unwrap_or_default()
    };
    config.tls_key = None;
    assert!(refused(config.clone()).await.contains("tls_key"));
    config.tls_key = Some(pem.clone());
    assert!(refused(config.clone()).await.contains(&pem.display().to_string()), "a certificate is no key");
    write_pair(&secret.city.data.join("media"));
    config.tls_key = Some(secret.city.data.join("media/tls.key"));
    assert!(refused(config).await.contains("成对"), "the key of another certificate");
}
