//! What a city is founded with: units, people, accounts, lessons and their blobs.

use super::{City, LOGINS, PASSWORD, sha256};
use entity::{
    AccountId, Category, CourseId, LessonState, Level, Moment, PersonId, PostKind, Role, UnitId, UnitLevel, course,
    lesson, media, person, post,
};
use roster::account::NewAccount;
use roster::org::NewUnit;
use sea_orm::{ActiveModelTrait, EntityTrait, Set};
use std::path::Path;

impl City {
    pub(super) async fn found(&mut self) {
        let city = self.unit(None, "桂岭市", "450000", UnitLevel::City).await;
        for (county, code, end) in [("东江县", "450100", ""), ("西山县", "450200", "-b")] {
            let county_id = self.unit(Some(city), county, code, UnitLevel::County).await;
            let (township, villages) =
                if end.is_empty() { ("清水镇", ["甲村", "乙村"]) } else { ("石门乡", ["丙村", "丁村"]) };
            let township_id = self.unit(Some(county_id), township, &format!("{code}001"), UnitLevel::Township).await;
            for (number, village) in villages.iter().enumerate() {
                let code = format!("{code}00120{number}");
                let unit = self.unit(Some(township_id), village, &code, UnitLevel::Village).await;
                for place in 0..4 {
                    let name = format!("{village}{}", ["韦大山", "覃小梅", "黄志强", "蒙秀英"][place]);
                    let id = self.person(&name, &format!("0{code}{place}"), unit).await;
                    self.people.insert(name, id);
                }
            }
            let home = self.people[&format!("{}韦大山", villages[0])];
            for (role, login) in LOGINS {
                let unit =
                    if matches!(role, Role::Learner | Role::SiteManager) { self.units[villages[0]] } else { county_id };
                let person = (*role == Role::Learner).then_some(home);
                let login = format!("{login}{end}");
                let id = self.account(&login, person, *role, unit).await;
                self.accounts.insert(login, id);
            }
        }
        self.account("city-admin", None, Role::Admin, city).await;
        self.account("city-reviewer", None, Role::Reviewer, city).await;
        self.account("city-office", None, Role::Assessor, city).await;
        self.lessons_for(city).await;
    }

    async fn unit(&mut self, parent: Option<UnitId>, name: &'static str, code: &str, level: UnitLevel) -> UnitId {
        let new = NewUnit { parent, code: code.into(), name: name.into(), level };
        let unit = roster::org::add(&self.db.write, new).await.unwrap();
        self.units.insert(name, unit.id);
        unit.id
    }

    pub(super) async fn person(&self, name: &str, code: &str, unit: UnitId) -> PersonId {
        let row = person::ActiveModel {
            code: Set(code.into()),
            name: Set(name.into()),
            pinyin: Set(roster::people::pinyin_of(name)),
            unit_id: Set(unit),
            gender: Set(None),
            birth_year: Set(Some(1978)),
            phone: Set(None),
            left_on: Set(None),
            created_at: Set(Moment::now()),
            ..Default::default()
        };
        let id = row.insert(&self.db.write).await.unwrap().id;
        let term = post::ActiveModel {
            person_id: Set(id),
            kind: Set(PostKind::VillageSecretary),
            appointed_on: Set(Moment::start_of(Moment::now().day()).plus_ms(-500 * 86_400_000).day()),
            ended_on: Set(None),
            ..Default::default()
        };
        term.insert(&self.db.write).await.unwrap();
        id
    }

    pub(super) async fn account(
        &self,
        login: &str,
        person_id: Option<PersonId>,
        role: Role,
        unit: UnitId,
    ) -> AccountId {
        let new = NewAccount { login, password: Some(PASSWORD), person_id, device_id: None, must_change: false };
        let id = roster::account::create(&self.db.write, new, None, Moment::now()).await.unwrap();
        roster::grants::give(&self.db.write, id, role, unit, None, Moment::now()).await.unwrap();
        id
    }

    async fn lessons_for(&mut self, city: UnitId) {
        let county = self.units["东江县"];
        let video = self.video.clone();
        let blob = self.blob(&video, "video/mp4", "沙糖桔 修剪.mp4", city, Some(600_000)).await;
        let east_blob = self.blob(b"only for the east", "video/mp4", "east.mp4", county, Some(600_000)).await;
        let real = self.sample_media(city).await;
        let course = self.course(city).await;
        let (draft, published) = (LessonState::Draft, LessonState::Published);
        let mut rows = vec![
            Self::lesson_row(course, "article", 0, "红薯储藏与窖藏温度", None, city, published),
            Self::lesson_row(course, "video", 1, "沙糖桔修剪与保花保果", Some((blob, 600_000)), city, published),
            Self::lesson_row(course, "east", 2, "东江县调解员工作手册", Some((east_blob, 600_000)), county, published),
            Self::lesson_row(course, "draft", 3, "未发布的草稿课程", None, county, draft),
        ];
        rows.extend(real.map(|film| Self::lesson_row(course, "film", 4, "真实影片课程", Some(film), city, published)));
        self.insert_lessons(rows).await;
    }

    async fn sample_media(&self, city: UnitId) -> Option<(String, i64)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/demo/media");
        let mut films: Vec<_> = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
        films.sort();
        let film = films.into_iter().find(|path| path.extension().is_some_and(|end| end == "mp4"))?;
        let duration_ms = content::probe::probe(&film, "film.mp4").ok()?.duration_ms?;
        let sha256 = self.blob(&std::fs::read(film).ok()?, "video/mp4", "film.mp4", city, Some(duration_ms)).await;
        Some((sha256, duration_ms))
    }

    /// A course of this unit.
    pub async fn course(&self, unit: UnitId) -> CourseId {
        let now = Moment::now();
        let row = course::ActiveModel {
            slug: Set(format!("course-{}", self.lessons.len())),
            title: Set("第一门课程".into()),
            summary: Set("测试课程".into()),
            category: Set(Category::Agriculture),
            unit_id: Set(unit),
            audience_unit_id: Set(unit),
            created_by: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
            version: Set(1),
            ..Default::default()
        };
        row.insert(&self.db.write).await.unwrap().id
    }

    /// A row of a lesson.
    pub fn lesson_row(
        course_id: CourseId,
        slug: &str,
        position: usize,
        title: &str,
        media: Option<(String, i64)>,
        unit: UnitId,
        state: LessonState,
    ) -> lesson::ActiveModel {
        let (media_sha256, duration_ms) = match media {
            Some((sha256, duration_ms)) => (Some(sha256), duration_ms),
            None => (None, 300_000),
        };
        lesson::ActiveModel {
            slug: Set(slug.into()),
            course_id: Set(course_id),
            position: Set(i32::try_from(position).unwrap() + 1),
            title: Set(title.into()),
            summary: Set(format!("{title}的要点")),
            body: Set("挖完的坑晒一个冬天，撒点石灰再种。".into()),
            category: Set(Category::Agriculture),
            tags: Set("[\"测试\"]".into()),
            crop: Set(None),
            season: Set(None),
            level: Set(Level::Entry),
            language: Set("普通话".into()),
            lecturer: Set("韦国胜".into()),
            source: Set("本市".into()),
            valid_until: Set(None),
            duration_ms: Set(duration_ms),
            media_sha256: Set(media_sha256),
            state: Set(state),
            unit_id: Set(unit),
            audience_unit_id: Set(unit),
            published_on: Set(Some(Moment::now().day())),
            plays: Set(0),
            is_sample: Set(false),
            return_reason: Set(None),
            created_by: Set(None),
            reviewed_by: Set(None),
            updated_at: Set(Moment::now()),
            version: Set(1),
            ..Default::default()
        }
    }

    /// Insert lessons and remember their ids by slug.
    pub async fn insert_lessons(&mut self, rows: Vec<lesson::ActiveModel>) {
        for some in rows.chunks(500) {
            lesson::Entity::insert_many(some.to_vec()).exec_without_returning(&self.db.write).await.unwrap();
        }
        let all = lesson::Entity::find().all(&self.db.read).await.unwrap();
        self.lessons = all.into_iter().map(|lesson| (lesson.slug, lesson.id.0)).collect();
    }

    /// Lays a blob into the store and names it in the database.
    pub async fn blob(
        &self,
        bytes: &[u8],
        mime: &str,
        filename: &str,
        unit: UnitId,
        duration_ms: Option<i64>,
    ) -> String {
        let sha256 = sha256(bytes);
        let shelf = self.data.join("media").join(&sha256[..2]);
        std::fs::create_dir_all(&shelf).unwrap();
        std::fs::write(shelf.join(&sha256), bytes).unwrap();
        let row = media::ActiveModel {
            sha256: Set(sha256.clone()),
            size_bytes: Set(i64::try_from(bytes.len()).unwrap()),
            mime: Set(mime.into()),
            filename: Set(filename.into()),
            duration_ms: Set(duration_ms),
            width: Set(None),
            height: Set(None),
            codecs: Set(None),
            faststart: Set(None),
            unit_id: Set(unit),
            uploaded_by: Set(None),
            created_at: Set(Moment::now()),
        };
        row.insert(&self.db.write).await.unwrap();
        sha256
    }
}
