//! The page, size and year of a query: whatever the served OpenAPI document allows is taken, and nothing beyond it.

use super::Things;
use serde_json::Value;
use server::routes::ROUTES;
use tests::city::LOGINS;
use tests::{City, Client};

/// What no bounds can hold, or is no number.
const NEVER: [&str; 5] = ["-2147483648", "9223372036854775807", "9223372036854775808", "1.5", "x"];

/// A number that a query takes, from its least to its most.
struct Number {
    name: String,
    least: i64,
    most: i64,
}

impl Number {
    /// Those of this operation.
    fn of(operation: &Value) -> Vec<Self> {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let named = parameters.filter(|one| ["page", "size", "year"].map(Value::from).contains(&one["name"]));
        let bound = |one: &Value, which: &str| {
            one["schema"][which].as_i64().unwrap_or_else(|| panic!("no {which} of {one} in {operation}"))
        };
        let number = |one: &Value| Self {
            name: one["name"].as_str().unwrap().to_owned(),
            least: bound(one, "minimum"),
            most: bound(one, "maximum"),
        };
        named.map(number).collect()
    }

    /// What may not be asked, and what may.
    fn wrong_and_right(&self) -> (Vec<String>, [String; 2]) {
        let beyond = [self.least - 1, self.most + 1].map(|number| number.to_string());
        let wrong = beyond.into_iter().chain(NEVER.map(str::to_owned)).collect();
        (wrong, [self.least, self.most].map(|number| number.to_string()))
    }
}

/// Somebody who is answered there.
async fn who_may<'a>(clients: &'a [Client], path: &str) -> &'a Client {
    for client in clients {
        if client.get(path).await.status == 200 {
            return client;
        }
    }
    panic!("nobody is answered at {path}");
}

/// What is answered otherwise than the document says.
async fn strayed(client: &Client, path: &str, number: &Number) -> Vec<String> {
    let (wrong, right) = number.wrong_and_right();
    let mut strayed = Vec::new();
    for value in wrong {
        let answer = client.get(&format!("{path}?{}={value}", number.name)).await;
        if answer.status != 400 || answer.code() != "invalid_request" {
            strayed.push(format!("{path}?{}={value} -> {}", number.name, answer.status));
        }
    }
    for value in right {
        let answer = client.get(&format!("{path}?{}={value}", number.name)).await;
        if answer.status != 200 {
            strayed.push(format!("{path}?{}={value} -> {} {}", number.name, answer.status, answer.text()));
        }
    }
    strayed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_a_size_and_a_year_are_taken_within_the_bounds_of_the_document_and_refused_beyond() {
    let city = City::start().await;
    let things = Things::of(&city, "").await;
    let document = city.stranger().get("/openapi.json").await.must(200).json();
    let mut clients = Vec::new();
    for (_, login) in LOGINS {
        clients.push(city.client(login).await);
    }
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        let numbers = Number::of(&document["paths"][route.path]["get"]);
        if numbers.is_empty() {
            continue;
        }
        let address = things.fill(route);
        let path = address.split('?').next().unwrap();
        let client = who_may(&clients, path).await;
        for number in &numbers {
            wrong.extend(strayed(client, path, number).await);
        }
        asked += numbers.len();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked >= 40, "only {asked} numbers are in the document");
}
