//! Views of the list that are kept.

use super::post;
use serde_json::json;
use tests::{City, Client};

#[tokio::test(flavor = "multi_thread")]
async fn programs_keep_views_that_only_their_owner_sees() {
    let city = City::start().await;
    let (trainer, other) = (city.client("trainer").await, city.client("reviewer").await);
    let body = json!({"name": "缺字幕", "query": "lack=captions&page=3&nonsense=1"});
    let kept = trainer.post("/api/v1/views", body.clone()).await.must(201).json();
    assert_eq!((&kept["name"], &kept["query"]), (&json!("缺字幕"), &json!("lack=captions")));
    assert_eq!(trainer.post("/api/v1/views", body).await.must(201).json(), kept, "one name, one view");
    assert_eq!(trainer.get("/api/v1/views").await.must(200).json(), json!({"views": [kept]}));
    assert_eq!(other.get("/api/v1/views").await.must(200).json(), json!({"views": []}));
    let path = format!("/api/v1/views/{}", kept["id"]);
    other.patch(&path, json!({"name": "我的"})).await.must(404);
    other.delete(&path).await.must(404);
    trainer.patch(&path, json!({"name": " "})).await.must(400);
    trainer.patch(&path, json!({"name": "没有字幕的"})).await.must(204);
    assert!(trainer.get("/studio").await.must(200).text().contains("没有字幕的"));
    trainer.delete(&path).await.must(204);
    trainer.delete(&path).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_kept_by_name_renamed_and_forgotten() {
    let city = City::start().await;
    let (trainer, reviewer) = (city.client("trainer").await, city.client("reviewer").await);
    let keep = async |name: &str, place: &str| {
        let form = [("name", name.to_owned()), ("place", place.to_owned())];
        post(&trainer, "/studio/views", &form).await.must(303).header("location").to_owned()
    };
    assert_eq!(keep("缺字幕", "lack=captions&page=3").await, "/studio?lack=captions&page=3&done=view-kept");
    let list = trainer.get("/studio?lack=captions").await.must(200).text();
    assert!(list.contains("<a href=\"/studio?lack=captions\" aria-current=\"true\">缺字幕</a>"), "{list}");
    assert!(!reviewer.get("/studio").await.must(200).text().contains("缺字幕"));
    let id = list.split("/studio/views/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let change = async |client: &Client, action: &str, name: &str| {
        let form = [("action", action.to_owned()), ("name", name.to_owned()), ("place", String::new())];
        post(client, &format!("/studio/views/{id}"), &form).await
    };
    change(&reviewer, "forget", "").await.must(404);
    change(&trainer, "rename", "没有字幕的").await.must(303);
    assert!(trainer.get("/studio").await.must(200).text().contains("没有字幕的"));
    assert!(keep(" ", "").await.ends_with("done=view-refused&name=#keep"));
    for number in 1..20 {
        assert!(keep(&format!("视图{number}"), "level=entry").await.ends_with("done=view-kept"));
    }
    let refused = keep("第二十一个", "level=advanced").await;
    assert!(refused.contains("done=view-refused"));
    assert!(trainer.get(&refused).await.must(200).text().contains("name=\"name\" value=\"第二十一个\""));
    change(&trainer, "forget", "").await.must(303);
    assert!(!trainer.get("/studio").await.must(200).text().contains("没有字幕的"));
}
