//! Which routes create something and honour keys, and why all others need not.

use server::routes::ROUTES;
use std::collections::BTreeSet;
use tests::City;

/// Posts that need no key, and why.
const WITHOUT: &[(&str, &[&str])] = &[
    (
        "nobody is signed in yet or any more, and tokens are not kept",
        &[
            "/api/v1/session",
            "/api/v1/session/refresh",
            "/api/v1/password",
            "/api/v1/pairings",
            "/api/v1/pairings/collect",
            "/sign-in",
            "/sign-out",
            "/password",
        ],
    ),
    (
        "it reads, or makes what is looked at and then forgotten",
        &[
            "/api/v1/lessons/{id}/captions/preview",
            "/api/v1/units/{id}/rules/preview",
            "/api/v1/media/{sha256}/ticket",
            "/api/v1/changes", // a choice of lessons; it changes none before it is confirmed
            "/studio/changes",
            "/uploads", // what nobody finishes expires, and a file that is there is not stored twice
        ],
    ),
    (
        "it moves one thing from one state to another, which the second finds moved",
        &[
            "/api/v1/lessons/{id}/submit",
            "/api/v1/lessons/{id}/publish",
            "/api/v1/lessons/{id}/return",
            "/api/v1/lessons/{id}/withdraw",
            "/api/v1/lessons/{id}/notes/{note}/done",
            "/api/v1/changes/{id}/confirm",
            "/api/v1/changes/{id}/undo",
            "/api/v1/merges/{merge}/part",
            "/api/v1/exemptions/{exemption}/end",
            "/api/v1/late-sessions/{late}/decision",
            "/api/v1/appeals/{id}/decision",
            "/api/v1/ledger/{seq}/decision",
            "/api/v1/classes/{id}/hand-in",
            "/api/v1/classes/{id}/decision",
            "/api/v1/plans/{id}/end",
            "/api/v1/play-days/{id}/end",
            "/api/v1/units/{id}/devices", // six digits let in one terminal
            "/api/v1/playback/{id}/checks/{check}",
            "/api/v1/playback/{id}/close",
            "/studio/changes/{id}",
            "/studio/classes/{id}/hand-in",
            "/api/v1/classes/{id}/call-off",
            "/studio/classes/{id}/call-off",
            "/studio/classes/{id}/decision",
            "/studio/plans/{id}/end",
            "/studio/play-days/{id}/end",
            "/studio/devices",
            "/studio/devices/{id}/revoke",
            "/office/declared/{id}",
            "/office/late/{late}",
            "/office/exemptions/{exemption}/end",
            "/office/merges/{merge}/part",
            "/office/appeals/{id}/decision",
            "/office/appeals/entries/{seq}",
        ],
    ),
    (
        "it names the version it was drawn from, which the second is too late for",
        &[
            "/api/v1/lessons/{id}/versions/{version}/restore",
            "/studio/lessons/{id}",
            "/studio/lessons/{id}/quiz",
            "/studio/lessons/{id}/quiz/import",
            "/studio/lessons/{id}/captions",
            "/studio/lessons/{id}/voices",
            "/studio/lessons/{id}/versions",
            "/studio/courses/{id}",
        ],
    ),
    (
        "it says how something is to be, and twice is as once",
        &[
            "/api/v1/searches/answers", // whose wish was answered wishes no more
            "/api/v1/views",
            "/api/v1/notices/seen",
            "/api/v1/media/{sha256}/preparation/{kind}/retry",
            "/api/v1/join",
            "/api/v1/playback/{id}/pin",
            "/api/v1/people/import",
            "/api/v1/classes/{id}/roster",
            "/api/v1/classes/{id}/roll",
            "/api/v1/classes/{id}/attendance",
            "/api/v1/classes/{id}/evidence", // the same file is the same piece of evidence
            "/studio/searches/answer",
            "/studio/views",
            "/studio/views/{id}",
            "/studio/preparation",
            "/studio/classes/{id}/edit",
            "/studio/classes/{id}/people",
            "/studio/classes/{id}/roll",
            "/studio/classes/{id}/signing",
            "/office/import",
            "/office/people/{id}/pin", // the PIN that is shown is the one that counts
            "/notices",
            "/search",
            "/guests/{id}/name",
            "/guests/{id}/match",
            "/guests/{id}/unmatch",
            "/join",
            "/pin",
        ],
    ),
    (
        "a try or a beat says which one it is, and a playback that is begun again takes the place of the one before",
        &[
            "/api/v1/lessons/{id}/quiz/attempts/{attempt}",
            "/api/v1/playback",
            "/api/v1/playback/{id}/beat",
            "/api/v1/playback/{id}/beats",
            "/api/v1/playback/{id}/attendance",
        ],
    ),
];

/// The posts of the table that honour keys, or those that do not.
pub fn posts(once: bool) -> BTreeSet<&'static str> {
    ROUTES.iter().filter(|route| route.method == "POST" && route.once == once).map(|route| route.path).collect()
}

#[test]
fn every_post_honours_keys_or_is_listed_with_why_it_need_not() {
    let listed: BTreeSet<&str> = WITHOUT.iter().flat_map(|(_, paths)| paths.iter().copied()).collect();
    assert_eq!(posts(false), listed);
    assert!(ROUTES.iter().all(|route| !route.once || route.method == "POST"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_offers_the_key_for_exactly_the_routes_that_honour_it() {
    let city = City::start().await;
    let document = city.stranger().get("/openapi.json").await.must(200).json();
    let mut offered = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            if parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key" && parameter["in"] == "header")
            {
                offered.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    let honoured = posts(true).into_iter().filter(|path| path.starts_with("/api/"));
    assert_eq!(offered, honoured.map(|path| ("POST".to_owned(), path.to_owned())).collect::<BTreeSet<_>>());
}
