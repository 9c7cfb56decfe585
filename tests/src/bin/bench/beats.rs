//! Durable beats a second, every one authorised and judged, against this server's own /healthz, with few and with many
//! sessions open.

use super::crowd;
use super::subject::Subject;
use entity::{Moment, Role};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// Players that wait for an answer at any moment: of a city's 9,836, with a beat every 15 s and 10 ms to answer, there
/// are seven; when the line comes back to a county, hundreds.
const CONNECTIONS: usize = 192;
/// From one session to the next that beats; a prime, so that every one has its turn.
const STRIDE: usize = 7_919;

/// Print for each number of sessions the rate, its share of /healthz, and the latencies.
pub async fn compare(subject: &Subject) {
    println!(
        "\nbeats over {CONNECTIONS} connections, each of another session; first one of each, then on and on\n{:>10} {:>9} \
         {:>12} {:>12} {:>9} {:>9} {:>9} {:>6}",
        "sessions", "first/s", "durable/s", "healthz/s", "of it", "p50 ms", "p99 ms", "bad"
    );
    for sessions in [1_000, 10_000, 100_000] {
        open(subject, sessions).await;
    }
}

async fn open(subject: &Subject, count: usize) {
    let (city, tokens) = (&subject.city, subject.city.tokens());
    let homes = vec![city.units["甲村"]; count];
    let people = crowd::people(city, &homes).await;
    let of: Vec<_> = people.iter().copied().map(Some).zip(homes).collect();
    let accounts = crowd::accounts(city, Role::Learner, &of).await;
    let learners: Vec<_> =
        of.iter().zip(&accounts).map(|((person, unit), account)| (person.unwrap(), *account, *unit)).collect();
    let sessions = crowd::sessions(city, city.lesson("bench-0"), &learners).await;
    let heads: Vec<String> = sessions
        .iter()
        .zip(&accounts)
        .map(|(session, account)| {
            format!(
                "POST /api/v1/playback/{session}/beat HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
                 Content-Type: application/json\r\n",
                subject.address,
                tokens.issue(*account, "bench", 0, Moment::now()).unwrap()
            )
        })
        .collect();
    let (next, seqs): (AtomicUsize, Vec<AtomicI64>) =
        (AtomicUsize::new(0), heads.iter().map(|_| AtomicI64::new(0)).collect());
    let beat = |_, _| {
        // Neighbours in the database do not beat one after the other in life either.
        let session = next.fetch_add(1, Relaxed) * STRIDE % heads.len();
        let seq = seqs[session].fetch_add(1, Relaxed) + 1;
        let body = format!("{{\"seq\":{seq},\"position_ms\":{},\"playing\":true,\"rate\":1.0,\"ago_ms\":0}}", seq * 5);
        format!("{}Content-Length: {}\r\n\r\n{body}", heads[session], body.len()).into_bytes()
    };
    // Whoever has a session open has opened it through this server, which knows them since then. These were put into the
    // tables, so their first beat makes them known.
    let (mut met, mut meeting) = (0, 0.0);
    while next.load(Relaxed) < count {
        let some = subject.load_with(CONNECTIONS, Duration::from_millis(500), 200, &beat);
        (met, meeting) = (met + some.good, meeting + some.seconds);
    }
    let ceiling = subject.load_with(CONNECTIONS, Duration::from_secs(3), 200, &|_, _| subject.bare("/healthz"));
    let beats = subject.load_with(CONNECTIONS, Duration::from_secs(8), 200, &beat);
    println!(
        "{count:>10} {:>9.0} {:>12.0} {:>12.0} {:>9.2} {:>9.1} {:>9.1} {:>6}",
        met as f64 / meeting,
        beats.rate(),
        ceiling.rate(),
        beats.rate() / ceiling.rate(),
        beats.quantile_ms(0.5),
        beats.quantile_ms(0.99),
        beats.bad
    );
}
