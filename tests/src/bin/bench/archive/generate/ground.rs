//! What is there before the first year: units, people with their posts, lessons.

use super::{CHUNK, FIRST_KEY, MINUTE};
use crate::archive::Scale;
use entity::{LessonId, LessonState, Moment, PersonId, PostKind, UnitId, UnitLevel, org_unit, person, post};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use tests::city::{City, sha256};

const LESSONS: usize = 200;

/// Ten counties, their townships and villages, in the proportions of the city.
pub(super) async fn tree(city: &City, scale: &Scale) -> Vec<org_unit::Model> {
    let top = org_unit::Entity::find_by_id(city.units["桂岭市"]).one(&city.db.read).await.unwrap().unwrap();
    let villages = (scale.people * 938 / 65_000).max(10);
    let townships = (villages * 86 / 938).max(10);
    let mut units: Vec<org_unit::Model> = Vec::new();
    let mut add = |parent: &org_unit::Model, name: String, level| {
        let number = FIRST_KEY + units.len() as i64;
        let path = format!("{}{number}/", parent.path);
        let unit = org_unit::Model {
            id: UnitId(number),
            parent_id: Some(parent.id),
            code: number.to_string(),
            name,
            level,
            path,
        };
        units.push(unit.clone());
        unit
    };
    let counties: Vec<_> = (0..10).map(|n| add(&top, format!("第{}县", n + 1), UnitLevel::County)).collect();
    let towns: Vec<_> =
        (0..townships).map(|n| add(&counties[n % 10], format!("第{}镇", n + 1), UnitLevel::Township)).collect();
    for number in 0..villages {
        add(&towns[number % townships], format!("第{}村", number + 1), UnitLevel::Village);
    }
    for some in units.chunks(CHUNK) {
        let rows = some.iter().map(|unit| unit.clone().into_active_model().reset_all());
        org_unit::Entity::insert_many(rows).exec_without_returning(&city.db.write).await.unwrap();
    }
    units
}

/// People spread evenly over the villages, the cadres first; one in fifty has left in the course of the years.
pub(super) async fn people(city: &City, scale: &Scale, villages: &[UnitId]) -> Vec<PersonId> {
    const CADRES: [PostKind; 3] = [PostKind::VillageSecretary, PostKind::VillageDirector, PostKind::CommitteeMember];
    let now = Moment::now();
    let ids: Vec<PersonId> = (0..scale.people).map(|number| PersonId(FIRST_KEY + number as i64)).collect();
    for numbers in (0..scale.people).collect::<Vec<_>>().chunks(CHUNK) {
        let rows = numbers.iter().map(|number| {
            let name =
                format!("{}{}", ["韦", "覃", "黄", "蒙", "莫"][number % 5], ["建国", "秀英", "小梅"][number % 3]);
            let row = person::Model {
                id: ids[*number],
                code: format!("0{number:011}"),
                pinyin: "wei jian guo".into(),
                name: format!("{name}{number}"),
                unit_id: villages[number % villages.len()],
                gender: Some(["男", "女"][number % 2].into()),
                birth_year: Some(1950 + (number % 50) as i32),
                phone: None,
                left_on: (number % 50 == 49).then(|| now.day() - chrono::Days::new(400)),
                created_at: now,
            };
            row.into_active_model().reset_all()
        });
        person::Entity::insert_many(rows).exec_without_returning(&city.db.write).await.unwrap();
        let terms = numbers.iter().map(|number| post::ActiveModel {
            person_id: Set(ids[*number]),
            kind: Set(if *number < scale.cadres { CADRES[number % 3] } else { PostKind::Member }),
            appointed_on: Set(now.day() - chrono::Days::new(2_000)),
            ended_on: Set(None),
            ..Default::default()
        });
        post::Entity::insert_many(terms).exec_without_returning(&city.db.write).await.unwrap();
    }
    ids
}

pub(super) async fn lessons(city: &mut City) -> Vec<(LessonId, String)> {
    let unit = city.units["桂岭市"];
    let (course, film) = (city.course(unit).await, sha256(&city.video));
    let title =
        |number: usize| format!("{}第{number}讲", ["沙糖桔修剪", "水稻病虫害防治", "村务公开怎么做"][number % 3]);
    let rows = (0..LESSONS).map(|number| {
        let media = Some((film.clone(), 45 * MINUTE));
        let slug = format!("years-{number}");
        City::lesson_row(course, &slug, number, &title(number), media, unit, LessonState::Published)
    });
    city.insert_lessons(rows.collect()).await;
    (0..LESSONS).map(|number| (LessonId(city.lesson(&format!("years-{number}"))), title(number))).collect()
}
