//! The first pages people open, in a catalog of 10,000 lessons.

use super::subject::{LESSONS, Subject};
use std::time::Duration;

/// Print the rate and latency of each page.
pub async fn compare(subject: &Subject) {
    let ceiling = subject.healthz();
    println!("\npages with {LESSONS} lessons (/healthz {:.0}/s):", ceiling.rate());
    for path in ["/home", "/search?q=%E6%B0%B4%E7%A8%BB", "/studio", "/api/v1/lessons?page=1&size=20", "/office"] {
        let pages = subject.load(Duration::from_secs(2), 200, &|_, _| subject.get(path));
        println!(
            "{path:>34}  {:>6.0}/s  {:.3} of /healthz  p50 {:>6.1} ms  p99 {:>6.1} ms  {:>6.1} KB  bad {}",
            pages.rate(),
            pages.rate() / ceiling.rate(),
            pages.quantile_ms(0.5),
            pages.quantile_ms(0.99),
            pages.bytes as f64 / 1000.0 / pages.good.max(1) as f64,
            pages.bad
        );
    }
}
