//! Measures the release build beside a peer or a ceiling in the same minute; what it prints are ratios.

mod beats;
mod pages;
mod ranges;
mod search;
mod subject;

use subject::Subject;

#[tokio::main]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let asked = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let subject = Subject::start().await;
    if asked("ranges") {
        ranges::compare(&subject).await;
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
    println!("\nserver resident memory at the end: {:.0} MB", tests::load::resident(subject.pid()) as f64 / 1e6);
}
