//! Bodies that name more than they are asked for: every column of the row that comes of them, whatever columns there will
//! be, and what it would be good to have. The row is the one that comes of an honest body.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::city::PASSWORD;
use tests::{City, Client, rows};

/// A row, each column as text.
type Row = BTreeMap<String, Option<String>>;

/// A city, and the document of its API, which says what a body may name.
struct Asked {
    city: City,
    document: Value,
}

/// A method in small letters, and an address as the document writes it.
type Call<'a> = (&'a str, &'a str);

impl Asked {
    async fn start() -> Self {
        let city = City::start().await;
        let document = city.stranger().get("/openapi.json").await.must(200).json();
        Self { city, document }
    }

    /// The row of a table with this number.
    async fn row(&self, table: &str, id: &Value) -> Row {
        let columns = rows::columns(&self.city.db.read).await;
        let names = &columns[table];
        let wanted = BTreeMap::from([(table.to_owned(), names.clone())]);
        let cells = rows::all(&self.city.db.read, &wanted).await.remove(table).unwrap();
        let mut found = cells.into_iter().map(|texts| names.iter().cloned().zip(texts).collect::<Row>());
        found.find(|row| row["id"] == Some(id.to_string())).unwrap()
    }

    /// What a body of this call may name.
    fn known(&self, (method, path): Call<'_>) -> Vec<String> {
        let body = &self.document["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"];
        let name = body["$ref"].as_str().or_else(|| body["oneOf"][0]["$ref"].as_str()).unwrap();
        let schema = &self.document["components"]["schemas"][name.rsplit('/').next().unwrap()];
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    /// The body, and with it every column of the row that it may not name, each with another value than there is.
    fn swollen(&self, call: Call<'_>, honest: &Value, row: &Row, wished: &Value) -> Value {
        let known = self.known(call);
        let mut body = honest.clone();
        for (column, value) in row.iter().filter(|(column, _)| !known.contains(column)) {
            body[column] = match value.as_deref().map(str::parse::<i64>) {
                None => json!(1),
                Some(Ok(_)) if column.ends_with("_at") => json!(1),
                Some(Ok(number)) => json!(number + 1),
                Some(Err(_)) => json!("别的"),
            };
        }
        for (name, value) in wished.as_object().unwrap() {
            assert!(!known.contains(name), "{call:?} may name {name}");
            body[name] = value.clone();
        }
        body
    }

    /// Makes a thing honestly, and one like it with every column named: their numbers. They differ in these columns only.
    async fn twins(
        &self,
        client: &Client,
        (path, table): (&str, &str),
        honest: Value,
        wished: Value,
        apart: &[&str],
    ) -> [Value; 2] {
        let one = client.post(path, honest.clone()).await.must(201).json()["id"].clone();
        let first = self.row(table, &one).await;
        let more = self.swollen(("post", path), &honest, &first, &wished);
        let other = client.post(path, more).await.must(201).json()["id"].clone();
        alike(&first, &self.row(table, &other).await, apart);
        [one, other]
    }

    /// Somebody watches five minutes; with a row, every body of it names every column of that: the number of the session.
    async fn five_minutes(&self, client: &Client, named: Option<&Row>) -> Value {
        let wished = json!({"credited_ms": 36_000_000, "credited_minutes": 600, "most_rate": 16, "closed": true});
        let body = |path: &str, honest: Value| match named {
            Some(row) => self.swollen(("post", path), &honest, row, &wished),
            None => honest,
        };
        let begin = body("/api/v1/playback", json!({"lesson_id": self.city.lesson("video"), "mode": "solo"}));
        let id = client.post("/api/v1/playback", begin).await.must(200).json()["session_id"].clone();
        for (seq, position_ms, wait_ms) in [(1, 0, 300_000), (2, 300_000, 0)] {
            let beat = json!({"seq": seq, "position_ms": position_ms, "playing": true, "rate": 1.0});
            let beat = body("/api/v1/playback/{id}/beat", beat);
            client.post(&format!("/api/v1/playback/{id}/beat"), beat).await.must(200);
            self.city.let_pass(id.as_i64().unwrap(), wait_ms).await;
        }
        let close = body("/api/v1/playback/{id}/close", json!({}));
        client.post(&format!("/api/v1/playback/{id}/close"), close).await.must(200);
        id
    }
}

/// Two rows are the same but for these columns and for when things happened; the same things did.
#[track_caller]
fn alike(honest: &Row, swollen: &Row, apart: &[&str]) {
    for (column, value) in honest.iter().filter(|(column, _)| !apart.contains(&column.as_str())) {
        let other = &swollen[column];
        if column.ends_with("_at") {
            assert_eq!(other.is_some(), value.is_some(), "{column}");
            assert_ne!(other.as_deref(), Some("1"), "{column}");
        } else {
            assert_eq!(other, value, "{column}");
        }
    }
}

/// The newest entry of somebody's archive, and how many there are.
async fn entry(client: &Client) -> (Value, usize) {
    let person = client.get("/api/v1/me").await.must(200).json()["person_id"].clone();
    let record = client.get(&format!("/api/v1/people/{person}/archive")).await.must(200).json();
    (record["entries"][0].clone(), record["entries"].as_array().unwrap().len())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_trainer_makes_and_changes_has_no_column_that_they_named_besides() {
    let asked = Asked::start().await;
    let trainer = asked.city.client("trainer").await;
    let (west, admin) = (asked.city.units["西山县"], asked.city.accounts["admin"]);
    let course = json!({"title": "沙糖桔", "summary": "", "category": "agriculture"});
    let rights = json!({"state": "published", "author_id": admin, "created_by": admin, "roles": ["admin"]});
    let [course, _] = asked.twins(&trainer, ("/api/v1/courses", "course"), course, rights, &["id", "slug"]).await;

    let published = json!({"state": "published", "unit_id": west, "author_id": admin, "created_by": admin, "plays": 9_999,
        "reviewed_by": admin, "published_on": "2020-01-01", "quiz_required": false});
    let honest = json!({"title": "冬季清园", "course_id": course, "summary": "要点", "body": "正文"});
    let apart = ["id", "slug", "position"];
    let lessons = asked.twins(&trainer, ("/api/v1/lessons", "lesson"), honest, published.clone(), &apart).await;
    let [one, other] = &lessons;
    let before = asked.row("lesson", one).await;
    let call = ("patch", "/api/v1/lessons/{id}");
    let change = json!({"version": 1, "summary": "新的要点"});
    let swollen = asked.swollen(call, &change, &before, &published);
    trainer.patch(&format!("/api/v1/lessons/{one}"), change).await.must(200);
    trainer.patch(&format!("/api/v1/lessons/{other}"), swollen).await.must(200);
    let changed = asked.row("lesson", one).await;
    assert_eq!((&changed["state"], &changed["version"]), (&Some("draft".to_owned()), &Some("2".to_owned())));
    alike(&changed, &asked.row("lesson", other).await, &apart);

    let today = entity::Moment::now().day();
    let class = json!({"unit_id": asked.city.units["东江县"], "title": "冬训班", "starts_on": today, "ends_on": today,
        "half_days": 2});
    let credited = json!({"state": "credited", "source": "home_study", "person_id": 1, "decided_by": admin});
    asked.twins(&trainer, ("/api/v1/classes", "class_run"), class, credited, &["id"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_earns_what_was_watched_whatever_the_player_says_besides() {
    let asked = Asked::start().await;
    let (learner, cadre) = (asked.city.learner(1).await, asked.city.client("cadre").await);
    let honest = asked.five_minutes(&learner, None).await;
    let honest = asked.row("playback", &honest).await;
    let swollen = asked.five_minutes(&cadre, Some(&honest)).await;
    let swollen = asked.row("playback", &swollen).await;
    alike(&honest, &swollen, &["id", "person_id", "account_id"]);
    assert_eq!(swollen["person_id"], Some(asked.city.people["甲村韦大山"].to_string()));
    assert_eq!(swollen["account_id"], Some(asked.city.accounts["cadre"].to_string()));
    let (entries, own) = (entry(&learner).await, entry(&cadre).await);
    assert_eq!((&own.0["credited_ms"], own.1), (&entries.0["credited_ms"], entries.1));
    assert_eq!((&own.0["credited_ms"], own.1), (&json!(300_000), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_grants_their_own_appeal_by_saying_so() {
    let asked = Asked::start().await;
    let (learner, cadre) = (asked.city.learner(1).await, asked.city.client("cadre").await);
    let make = "/api/v1/ledger/{seq}/appeals";
    let mut made: Vec<(Value, Row)> = Vec::new();
    for client in [&learner, &cadre] {
        asked.five_minutes(client, None).await;
        let seq = entry(client).await.0["seq"].to_string();
        let honest = json!({"text": "再核对一下"});
        let body = match made.first() {
            None => honest,
            Some((_, first)) => {
                let wished =
                    json!({"granted": true, "granted_ms": 3_600_000, "state": "granted", "decision": "准予补记"});
                asked.swollen(("post", make), &honest, first, &wished)
            }
        };
        let id = client.post(&make.replace("{seq}", &seq), body).await.must(201).json()["id"].clone();
        let row = asked.row("appeal", &id).await;
        assert_eq!(row["entry_seq"], Some(seq));
        made.push((id, row));
    }
    let apart = ["id", "person_id", "entry_seq"];
    alike(&made[0].1, &made[1].1, &apart);
    assert_eq!(made[1].1["person_id"], Some(asked.city.people["甲村韦大山"].to_string()));

    let office = asked.city.client("office").await;
    let decide = "/api/v1/appeals/{id}/decision";
    let honest = json!({"granted": false, "reason": "核对过，没有出入"});
    let wished = json!({"person_id": made[0].1["person_id"], "correction_seq": 1, "decided_by": 1});
    let swollen = asked.swollen(("post", decide), &honest, &made[0].1, &wished);
    for ((id, _), body) in made.iter().zip([honest, swollen]) {
        office.post(&decide.replace("{id}", &id.to_string()), body).await.must(200);
    }
    let (one, other) = (asked.row("appeal", &made[0].0).await, asked.row("appeal", &made[1].0).await);
    alike(&one, &other, &apart);
    assert_eq!((entry(&cadre).await.1, &other["correction_seq"]), (1, &None));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_named_by_the_address_and_by_nothing_beside_it() {
    let asked = Asked::start().await;
    let (office, site) = (asked.city.client("office").await, asked.city.client("site").await);
    let people = ["甲村覃小梅", "甲村黄志强", "甲村蒙秀英"].map(|name| asked.city.people[name]);
    let today = entity::Moment::now().day();
    let grant = "/api/v1/people/{id}/exemptions";
    let honest = json!({"kind": "sick", "begins_on": today, "ends_on": today, "reason": "县医院证明"});
    let of = |person: entity::PersonId| grant.replace("{id}", &person.to_string());
    let one = office.post(&of(people[0]), honest.clone()).await.must(201).json()["id"].clone();
    let one = asked.row("exemption", &one).await;
    let wished = json!({"person_id": people[2], "approved_by": asked.city.accounts["admin"]});
    let swollen = asked.swollen(("post", grant), &honest, &one, &wished);
    let other = office.post(&of(people[1]), swollen).await.must(201).json()["id"].clone();
    let other = asked.row("exemption", &other).await;
    alike(&one, &other, &["id", "person_id"]);
    assert_eq!(other["person_id"], Some(people[1].to_string()));

    let room = json!({"lesson_id": asked.city.lesson("video"), "mode": "group", "roster": []});
    let room = site.post("/api/v1/playback", room).await.must(200).json()["session_id"].clone();
    let mut guests = Vec::new();
    for _ in 0..2 {
        let guest =
            site.post(&format!("/api/v1/sessions/{room}/guests"), json!({"name": "来客"})).await.must(201).json();
        guests.push(guest["guest_id"].clone());
    }
    let name = "/api/v1/guests/{id}";
    let honest = json!({"name": "韦来客"});
    let one = asked.row("guest", &guests[0]).await;
    let swollen = asked.swollen(("patch", name), &honest, &one, &json!({"person_id": people[0]}));
    for (guest, body) in guests.iter().zip([honest, swollen]) {
        site.patch(&name.replace("{id}", &guest.to_string()), body).await.must(204);
    }
    let one = asked.row("guest", &guests[0]).await;
    assert_eq!((&one["name"], &one["person_id"]), (&Some("韦来客".to_owned()), &None));
    alike(&one, &asked.row("guest", &guests[1]).await, &["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_or_changes_a_password_is_who_they_are() {
    let asked = Asked::start().await;
    let (city, account) = (&asked.city, json!(asked.city.accounts["cadre"]));
    let before = asked.row("account", &account).await;
    let me = city.client("cadre").await.get("/api/v1/me").await.must(200).json();
    let rights = json!({"roles": ["admin"], "account_id": city.accounts["admin"], "unit_id": city.units["桂岭市"]});
    let credentials = json!({"login": "cadre", "password": PASSWORD});
    let swollen = asked.swollen(("post", "/api/v1/session"), &credentials, &before, &rights);
    let signed_in = city.stranger().post("/api/v1/session", swollen).await.must(200).json();
    let cadre = city.stranger().holding(signed_in["access_token"].as_str().unwrap());
    assert_eq!(cadre.get("/api/v1/me").await.must(200).json(), me);
    alike(&before, &asked.row("account", &account).await, &[]);

    let admin = json!({"login": "admin", "account_id": city.accounts["admin"], "id": city.accounts["admin"]});
    let change = json!({"old": PASSWORD, "new": "my-own-password-2"});
    let swollen = asked.swollen(("post", "/api/v1/password"), &change, &before, &admin);
    cadre.post("/api/v1/password", swollen).await.must(204);
    city.client("admin").await.get("/api/v1/me").await.must(200);
    let again = city.stranger().sign_in("cadre", "my-own-password-2").await;
    assert_eq!(again.get("/api/v1/me").await.must(200).json(), me);
}
