//! Measures the release build beside a peer or a ceiling in the same minute; what it prints are ratios.

mod beats;
mod cold;
mod corpus;
mod large;
mod pages;
mod ranges;
mod relevance;
mod search;
mod stations;
mod subject;

use subject::Subject;

#[tokio::main]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let asked = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    if asked("relevance") {
        let after = |option: &str| wanted.iter().skip_while(|word| *word != option).nth(1);
        let ablation = wanted.iter().any(|word| word == "--ablation");
        relevance::measure(after("--set").map(String::as_str), ablation).await;
    }
    if asked("large") {
        let set = wanted.iter().skip_while(|word| *word != "--set").nth(1).map(String::as_str);
        large::measure(&[10_000, 100_000], set).await;
    }
    if wanted.iter().any(|word| word == "relevance" || word == "large") {
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
