//! Questions written in the studio: every typed word is kept, and they are put in order.

use super::version;
use reqwest::Method;
use serde_json::json;
use tests::{Answer, City, Client};

async fn post_form(client: &Client, lesson: i64, fields: &[(&str, &str)]) -> Answer {
    client.send(client.request(Method::POST, &format!("/studio/lessons/{lesson}/quiz")).form(fields)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_studio_keeps_every_typed_word_and_puts_questions_in_order() {
    let city = City::start().await;
    let (trainer, draft) = (city.client("trainer").await, city.lesson("draft"));
    let quiz = || trainer.get("/api/v1/lessons/draft/quiz");
    let now = async || version(&trainer, "draft").await.to_string();
    let typed =
        [("kind", "multiple"), ("text", "哪些要带去医院"), ("choice-A", "药瓶"), ("choice-B", "病历"), ("right", "0")];
    let mut fields = vec![("action", "add"), ("version", "1"), ("explanation", "医生要看药瓶")];
    fields.extend(typed);
    let refused = post_form(&trainer, draft, &fields).await.must(422).text();
    assert!(refused.contains("至少有两个正确选项"), "{refused}");
    for kept in ["哪些要带去医院", "value=\"药瓶\"", "value=\"病历\"", "医生要看药瓶", "value=\"0\" checked"]
    {
        assert!(refused.contains(kept), "{kept} is lost: {refused}");
    }
    fields.push(("right", "1"));
    post_form(&trainer, draft, &fields).await.must(303);
    let stale = post_form(
        &trainer,
        draft,
        &[("action", "add"), ("version", "1"), ("kind", "true_false"), ("text", "晚到的题"), ("truth", "true")],
    );
    let stale = stale.await.must(409).text();
    assert!(stale.contains("晚到的题") && stale.contains("已被他人修改"), "{stale}");
    let version = now().await;
    post_form(
        &trainer,
        draft,
        &[("action", "add"), ("version", &version), ("kind", "true_false"), ("text", "第二题"), ("truth", "false")],
    )
    .await
    .must(303);
    let kept = quiz().await.json();
    let second = kept["questions"][1]["id"].to_string();
    let (version, before) = (now().await, now().await);
    let moved =
        post_form(&trainer, draft, &[("action", "up"), ("version", &version), ("question", &second)]).await.must(303);
    assert!(moved.header("location").ends_with(&format!("moved={second}")), "{}", moved.header("location"));
    assert_eq!(quiz().await.json()["questions"][0]["id"].to_string(), second);
    let page = trainer.get(moved.header("location")).await.must(200).text();
    assert!(page.contains("上移") && page.contains("autofocus"));
    post_form(&trainer, draft, &[("action", "down"), ("version", &before), ("question", &second)]).await.must(409);
    let edit = trainer.get(&format!("/studio/lessons/{draft}/quiz?edit={second}")).await.must(200).text();
    assert!(edit.contains(">第二题</textarea>") && edit.contains("value=\"false\" checked"), "{edit}");
    let version = now().await;
    post_form(
        &trainer,
        draft,
        &[
            ("action", "save"),
            ("version", &version),
            ("question", &second),
            ("kind", "true_false"),
            ("text", "改过的题"),
            ("truth", "true"),
        ],
    )
    .await
    .must(303);
    assert_eq!(quiz().await.json()["questions"][0]["text"], "改过的题");
    let version = now().await;
    post_form(&trainer, draft, &[("action", "require"), ("version", &version), ("required", "on")]).await.must(303);
    assert_eq!(quiz().await.json()["required"], true);
    for _ in 0..2 {
        let (version, first) = (now().await, quiz().await.json()["questions"][0]["id"].to_string());
        post_form(&trainer, draft, &[("action", "remove"), ("version", &version), ("question", &first)]).await;
    }
    assert_eq!(
        quiz().await.json()["questions"].as_array().unwrap().len(),
        1,
        "the last question stays while a pass is asked for"
    );
    trainer.post("/api/v1/lessons/draft/submit", json!({})).await.must(200);
    let version = now().await;
    post_form(&trainer, draft, &[("action", "require"), ("version", &version)]).await.must(409);
    let page = trainer.get(&format!("/studio/lessons/{draft}/quiz")).await.must(200).text();
    assert!(page.contains("正在审核") && !page.contains("添加这道题"), "{page}");
}
