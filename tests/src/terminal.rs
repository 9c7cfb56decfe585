//! A television that has been paired, without the ten minutes.

use crate::{Answer, City, Client};
use serde_json::{Value, json};

/// A terminal that waits.
#[derive(Clone)]
pub struct Waiting {
    /// Nobody yet.
    pub client: Client,
    /// What it shows.
    pub code: String,
    /// What it alone knows.
    pub secret: String,
}

impl Waiting {
    /// A television asks.
    pub async fn ask(city: &City) -> Self {
        let client = city.stranger();
        let asked = client.post("/api/v1/pairings", json!({})).await.must(201).json();
        let text = |name: &str| asked[name].as_str().unwrap().to_owned();
        Self { code: text("code"), secret: text("secret"), client }
    }

    /// It asks whether it was approved.
    pub async fn collect(&self) -> Answer {
        self.client.post("/api/v1/pairings/collect", json!({"secret": self.secret})).await
    }

    /// Somebody approves it for a unit.
    pub async fn approve(&self, by: &Client, unit: entity::UnitId) -> Answer {
        by.post(&format!("/api/v1/units/{unit}/devices"), json!({"code": self.code, "name": "会议室电视"})).await
    }

    /// It takes its sign-in.
    pub async fn signed_in(&self) -> Client {
        let answer: Value = self.collect().await.must(200).json();
        self.client.holding(answer["access_token"].as_str().unwrap())
    }
}

/// A terminal of this unit, let in by this login: its id and itself.
pub async fn paired(city: &City, login: &str, unit: &str) -> (i64, Client) {
    let waiting = Waiting::ask(city).await;
    let approved = waiting.approve(&city.client(login).await, city.units[unit]).await.must(201).json();
    (approved["device_id"].as_i64().unwrap(), waiting.signed_in().await)
}
