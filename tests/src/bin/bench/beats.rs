//! Durable beats a second, every one authorised and judged, against this server's own /healthz.

use super::subject::Subject;
use serde_json::json;
use std::time::Duration;

/// Print the rate, its share of /healthz, and the latencies.
pub async fn compare(subject: &Subject) {
    let mut learners = Vec::new();
    for number in 0..32 {
        let client = subject.city.learner(number).await;
        let session = client.play(subject.city.lesson("bench-0")).await;
        learners.push((client.token.unwrap_or_default(), session));
    }
    let ceiling = subject.healthz();
    let beats = subject.load(Duration::from_secs(5), 200, &|connection, number| {
        let (token, session) = &learners[connection % learners.len()];
        let body = json!({"seq": number + 1, "position_ms": number * 5, "playing": true, "rate": 1.0}).to_string();
        format!(
            "POST /api/v1/playback/{session}/beat HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            subject.address,
            body.len()
        )
        .into_bytes()
    });
    println!(
        "\nbeats: {:.0}/s durable, {:.2} of /healthz ({:.0}/s); p50 {:.1} ms, p99 {:.1} ms; bad {}",
        beats.rate(),
        beats.rate() / ceiling.rate(),
        ceiling.rate(),
        beats.quantile_ms(0.5),
        beats.quantile_ms(0.99),
        beats.bad
    );
}
