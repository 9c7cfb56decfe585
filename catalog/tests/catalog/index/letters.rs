//! Typed letters, pairs of characters and synonyms find what is meant.

use super::{Following, changed, everyone, follow, found, publish, row, town, until};
use crate::town::NOW;
use catalog::Viewer;
use catalog::search::{self, Index, SearchQuery};
use entity::{LessonState, Scope, lesson};
use proptest::prelude::*;
use sea_orm::{ActiveModelTrait, ActiveValue::Set};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;

/// Titles as lessons have them; what people type is made of pieces of them.
const TITLES: [&str; 6] = [
    "沙糖桔树冠盖膜防冻",
    "肉牛舍饲与青贮饲料",
    "村集体经济收益分配",
    "罗汉果人工授粉要点",
    "土地承包合同怎么签",
    "山塘水库汛期巡查",
];

async fn six_titles() -> (TempDir, Index) {
    let (folder, db) = town().await;
    for (number, title) in TITLES.iter().enumerate() {
        publish(&db, &format!("t{number}"), title).await;
    }
    let index = Index::open(folder.path(), &db).await.unwrap();
    (folder, index)
}

/// Each character's usual reading in letters.
fn letters(text: &str) -> Vec<String> {
    use pinyin::ToPinyin;
    text.to_pinyin().map(|reading| reading.unwrap().plain().replace('ü', "v")).collect()
}

fn finds(index: &Index, q: &str, title: &str) -> bool {
    let answer = index.search(&SearchQuery::of(q), &everyone(), NOW.day()).unwrap();
    answer.hits.iter().any(|hit| hit.title == title && !hit.weak)
}

#[tokio::test]
async fn what_is_published_is_found_by_its_pairs_its_pinyin_and_its_initials() {
    let (_folder, index) = six_titles().await;
    for title in TITLES {
        let chars: Vec<char> = title.chars().collect();
        for pair in chars.windows(2) {
            let pair: String = pair.iter().collect();
            assert!(finds(&index, &pair, title), "{pair} in {title}");
        }
        assert!(finds(&index, title, title));
        let spelt = letters(title);
        let initials: String = spelt.iter().filter_map(|syllable| syllable.chars().next()).collect();
        for typed in [spelt.concat(), spelt.join(" "), spelt[..4].concat(), initials[..4].to_owned(), initials] {
            assert!(finds(&index, &typed, title), "{typed} for {title}");
        }
    }
}

/// Words of the trade, of which titles are made up.
const WORDS: &str = "沙糖桔 树冠 盖膜 防冻 肉牛 舍饲 青贮 饲料 村集体 经济 收益 分配 罗汉果 授粉 土地 承包 合同 山塘 水库 汛期 巡查 \
    水稻 育秧 病虫害 电商 打包 调解 党费";

/// What people type for a title: its words, pairs of its characters, its pinyin and its initials, whole and begun.
fn typed_for(title: &str, words: &[&str]) -> Vec<String> {
    let chars: Vec<char> = title.chars().collect();
    let spelt = letters(title);
    let initials: String = spelt.iter().filter_map(|syllable| syllable.chars().next()).collect();
    let mut typed: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    typed.extend(chars.windows(2).map(|pair| pair.iter().collect()));
    typed.extend([title.to_owned(), spelt.concat(), spelt.join(" "), spelt[..4].concat()]);
    typed.extend([initials[..4].to_owned(), initials]);
    typed
}

async fn found_while_published(titles: &[Vec<&str>]) -> Result<(), TestCaseError> {
    let (folder, db) = town().await;
    let mut lessons = Vec::new();
    for (number, words) in titles.iter().enumerate() {
        let title = words.concat();
        let id = publish(&db, &format!("p{number}"), &title).await;
        lessons.push((id, format!("p{number}"), typed_for(&title, words)));
    }
    let index = Arc::new(Index::open(folder.path(), &db).await.unwrap());
    for (_, slug, typed) in &lessons {
        for typed in typed {
            prop_assert!(found(&index, typed).contains(slug), "{typed} of {titles:?}");
        }
    }
    // Every second one is withdrawn: by the follower, and once more by building anew.
    let (gone, _): (Vec<_>, Vec<_>) = lessons.iter().enumerate().partition(|(number, _)| number % 2 == 0);
    for (_, (id, ..)) in &gone {
        let row = lesson::ActiveModel { id: Set(*id), state: Set(LessonState::Withdrawn), ..Default::default() };
        row.update(&db).await.unwrap();
        changed(&db, *id, NOW).await;
    }
    let Following(task, _stop) = follow(&db, &index);
    let left = (lessons.len() - gone.len()) as u64;
    until("withdrawn", || index.len().unwrap() == left).await;
    task.abort();
    let anew = TempDir::new().unwrap();
    let anew = Index::open(anew.path(), &db).await.unwrap();
    for (_, (_, slug, typed)) in &gone {
        for typed in typed {
            let query = SearchQuery { size: 100, ..SearchQuery::of(typed) };
            for index in [&*index, &anew] {
                let answer = index.search(&query, &everyone(), NOW.day()).unwrap();
                prop_assert!(answer.hits.iter().all(|hit| hit.slug != *slug), "{typed} of {titles:?}");
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn what_is_published_is_found_by_all_that_is_typed_for_it_and_what_is_withdrawn_never(
        titles in prop::collection::vec(
            prop::collection::vec(prop::sample::select(WORDS.split(' ').collect::<Vec<_>>()), 2..5), 1..7),
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(found_while_published(&titles))?;
    }
}

#[tokio::test]
async fn no_mixture_of_characters_letters_and_blanks_trips_the_index() {
    let (_folder, index) = six_titles().await;
    let pieces = prop::collection::vec((0..TITLES.len(), 0_usize..8, 1_usize..4, 0_u8..6), 1..8);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(400));
    let outcome = runner.run(&pieces, |pieces| {
        let mut typed = String::new();
        for (title, from, length, way) in pieces {
            let part: String = TITLES[title].chars().skip(from).take(length).collect();
            match way {
                0 => typed += &part,
                1 => typed += &letters(&part).concat(),
                2 => typed.extend(letters(&part).iter().filter_map(|syllable| syllable.chars().next())),
                3 => typed += &letters(&part).join("'"),
                4 => typed += &format!("{part}吗"),
                _ => typed += &format!(" {part} "),
            }
        }
        prop_assert!(index.search(&SearchQuery::of(&typed), &everyone(), NOW.day()).is_ok(), "{typed}");
        Ok(())
    });
    outcome.unwrap();
    assert!(index.search(&SearchQuery::of("shatangju树guan吗"), &everyone(), NOW.day()).is_ok());
}

#[tokio::test]
async fn typed_letters_are_never_read_as_words_of_a_lesson_the_caller_may_not_see() {
    let (folder, db) = town().await;
    publish(&db, "open", "沙糖桔修剪").await;
    let hidden = row("hidden", "蟠龙屯征地补偿", 3, LessonState::Published, None);
    let hidden = lesson::ActiveModel { lecturer: Set("麻琼瑶".into()), ..hidden };
    hidden.insert(&db).await.unwrap();
    let index = Index::open(folder.path(), &db).await.unwrap();
    let neighbour = Viewer { homes: vec!["/1/2/4/".into()], staff: Scope::default() };
    for typed in ["pltzdbc", "panlongtun", "maqiongyao"] {
        let theirs = index.search(&SearchQuery::of(typed), &everyone(), NOW.day()).unwrap();
        assert!(theirs.read_as.is_some() && theirs.total == 1, "{typed}");
        let answer = index.search(&SearchQuery::of(typed), &neighbour, NOW.day()).unwrap();
        assert_eq!((answer.read_as.as_deref(), answer.hits.len()), (None, 0), "{typed}");
    }
}

#[tokio::test]
async fn synonyms_that_cannot_be_read_stop_nothing_and_those_read_last_stay() {
    let (folder, db) = town().await;
    publish(&db, "here", "神仙果栽培").await;
    let index = Arc::new(Index::open(folder.path(), &db).await.unwrap());
    let (_stop, stopped) = watch::channel(false);
    let following = tokio::spawn(search::follow(db.clone(), index.clone(), stopped));
    let file = folder.path().join("synonyms.txt");
    let soon = async |q: &str, wanted: bool| {
        for _ in 0..1200 {
            if finds(&index, q, "神仙果栽培") == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{q} is never found: {wanted}");
    };
    // As the editor of an old Windows writes it.
    std::fs::write(&file, [0xc2, 0xde, 0xba, 0xba, 0xb9, 0xfb, b',', 0xc9, 0xf1, 0xcf, 0xc9, 0xb9, 0xfb, b'\n'])
        .unwrap();
    soon("罗汉果", true).await;
    std::fs::remove_file(&file).unwrap();
    let id = publish(&db, "later", "山塘清淤").await;
    for _ in 0..1200 {
        if finds(&index, "山塘", "山塘清淤") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(finds(&index, "山塘", "山塘清淤") && finds(&index, "罗汉果", "神仙果栽培"), "{id:?}");
    std::fs::write(&file, "别的,其他\n").unwrap();
    soon("罗汉果", false).await;
    following.abort();
}
