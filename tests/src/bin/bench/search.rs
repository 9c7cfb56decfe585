//! Searches a second in a catalog of 10,000 lessons, against this server's own /healthz.

use super::subject::{LESSONS, Subject};
use std::time::Duration;

const QUERIES: &[&str] =
    &["沙糖桔修剪", "stj", "shatangju", "水稻病虫害怎么办", "补贴申请", "罗汉果育苗", "直播带货", "韦国胜"];

/// Print the rate, its share of /healthz, and the latencies.
pub async fn compare(subject: &Subject) {
    let encoded: Vec<String> = QUERIES.iter().map(|query| percent(query)).collect();
    let ceiling = subject.healthz();
    let searches = subject.load(Duration::from_secs(4), 200, &|connection, number| {
        let query = &encoded[(connection + number as usize) % encoded.len()];
        subject.get(&format!("/api/v1/search?q={query}&size=10"))
    });
    println!(
        "\nsearch over {LESSONS} lessons: {:.0}/s, {:.2} of /healthz ({:.0}/s); p50 {:.1} ms, p99 {:.1} ms with 32 clients; bad {}",
        searches.rate(),
        searches.rate() / ceiling.rate(),
        ceiling.rate(),
        searches.quantile_ms(0.5),
        searches.quantile_ms(0.99),
        searches.bad
    );
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
