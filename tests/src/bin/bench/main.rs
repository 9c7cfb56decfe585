//! Measures the release build beside a peer or a ceiling in the same minute; what it prints are ratios.

mod archive;
mod beats;
mod cold;
mod corpus;
mod crowd;
mod large;
mod pages;
mod ranges;
mod relevance;
mod search;
mod soak;
mod stations;
mod subject;
mod uploads;

use subject::Subject;

#[tokio::main]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let asked = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let after = |option: &str| wanted.iter().skip_while(|word| *word != option).nth(1).map(String::as_str);
    if asked("relevance") {
        let ablation = wanted.iter().any(|word| word == "--ablation");
        relevance::measure(after("--set"), ablation).await;
    }
    if wanted.iter().any(|word| word == "uploads") {
        return uploads::measure(after("--bytes").and_then(|number| number.parse().ok()).unwrap_or(uploads::USUAL))
            .await;
    }
    if wanted.iter().any(|word| word == "archive") {
        return archive::measure(&archive::Scale::of(after)).await;
    }
    if asked("large") {
        let one: Vec<usize> = after("--lessons").and_then(|number| number.parse().ok()).into_iter().collect();
        large::measure(if one.is_empty() { &[10_000, 100_000] } else { &one }, after("--set")).await;
    }
    if wanted.iter().any(|word| word == "soak") {
        let number = |option: &str, default: f64| after(option).and_then(|text| text.parse().ok()).unwrap_or(default);
        soak::pass(number("--minutes", 10.0) as u64, number("--beat", 2.0), number("--sitting", 120.0) as u64).await;
    }
    if wanted.iter().any(|word| word == "relevance" || word == "large" || word == "soak") {
        return;
    }
    let subject = Subject::start().await;
    if asked("ranges") {
        ranges::compare(&subject);
        cold::memory(&subject);
    }
    if asked("cold") {
        cold::compare(&subject);
    }
    if asked("beats") {
        beats::compare(&subject).await;
    }
    if asked("search") {
        search::compare(&subject).await;
    }
    if asked("pages") {
        pages::compare(&subject).await;
    }
    if asked("stations") {
        stations::watch(&subject).await;
    }
    println!("\nserver resident memory at the end: {:.0} MB", tests::load::resident(subject.pid()) as f64 / 1e6);
}
