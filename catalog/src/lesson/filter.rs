//! Which lessons a list holds and in which order, as conditions on rows.

use crate::audience::{Viewer, kept_by_staff, published_for};
use entity::{
    AccountId, Category, CourseId, Day, JobState, LessonState, Level, Moment, Scope, caption, job, lesson, media,
    question,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

/// A last day that comes within so many days is near.
const NEAR_DAYS: i64 = 30;

/// Which lessons a list holds, and in which order.
#[derive(Clone, Debug, Default)]
pub struct LessonFilter {
    /// Only those in this state; without it the published ones. Other states are listed to staff only.
    pub state: Option<LessonState>,
    /// What the viewer's staff scope keeps, in every state and also past its last day; `state` narrows it.
    pub kept: bool,
    /// Only this category.
    pub category: Option<Category>,
    /// Only this course.
    pub course_id: Option<CourseId>,
    /// Only in this language.
    pub language: Option<String>,
    /// Only of this level.
    pub level: Option<Level>,
    /// Only what lacks this.
    pub lack: Option<Lack>,
    /// Only lessons whose recording is at this point of its preparation.
    pub preparation: Option<Preparation>,
    /// Only what this account made.
    pub created_by: Option<AccountId>,
    /// Only what is kept by units of this scope.
    pub unit: Option<Scope>,
    /// Only titles that hold this text.
    pub q: Option<String>,
    /// Which stand first.
    pub order: Order,
}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal, $label:literal;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every choice, in the order people expect them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in addresses.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// What people read.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),* }
            }

            /// The choice of this word.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.as_str() == text)
            }
        }
    )*};
}

choices! {
    /// What a lesson may lack that people expect of one.
    Lack {
        /// There is neither a recording nor a text.
        Content = "content", "没有正文和音视频";
        /// There is no recording.
        Media = "media", "没有音视频";
        /// A film or a sound recording without captions.
        Captions = "captions", "没有字幕";
        /// No in-class quiz.
        Quiz = "quiz", "没有随堂测验";
        /// Nothing says what it teaches.
        Summary = "summary", "没有简介";
        /// Nobody is said to teach.
        Lecturer = "lecturer", "没有主讲人";
        /// Nothing says where it comes from.
        Source = "source", "没有来源";
        /// Its last day is over.
        Expired = "expired", "已过有效期";
        /// Its last day comes within thirty days.
        Expiring = "expiring", "30 天内到期";
    }

    /// Where the preparation of a lesson's recording stands.
    Preparation {
        /// Something was given up.
        Failed = "failed", "转码失败";
        /// Something waits for ffmpeg.
        Waiting = "waiting", "等待 ffmpeg";
        /// Something is still to come.
        Underway = "underway", "转码中";
    }

    /// Which lessons stand first.
    #[derive(Default)]
    Order {
        /// The last changed.
        #[default]
        Updated = "updated", "最近修改在前";
        /// By their titles.
        Title = "title", "按标题";
        /// The most watched.
        Plays = "plays", "播放最多在前";
        /// The longest.
        Longest = "longest", "时长最长在前";
        /// The shortest.
        Shortest = "shortest", "时长最短在前";
        /// The last published.
        Published = "published", "最近发布在前";
    }
}

impl Lack {
    fn condition(self, day: Day) -> Condition {
        let blank = |column: lesson::Column| column.eq("");
        let all = Condition::all();
        match self {
            Self::Content => all.add(lesson::Column::MediaSha256.is_null()).add(blank(lesson::Column::Body)),
            Self::Media => all.add(lesson::Column::MediaSha256.is_null()),
            Self::Captions => {
                let captioned = caption::Entity::find().select_only().column(caption::Column::LessonId);
                let plays = Condition::any()
                    .add(media::Column::Mime.starts_with("video/"))
                    .add(media::Column::Mime.starts_with("audio/"));
                let played = media::Entity::find().select_only().column(media::Column::Sha256).filter(plays);
                all.add(lesson::Column::MediaSha256.in_subquery(played.into_query()))
                    .add(lesson::Column::Id.not_in_subquery(captioned.into_query()))
            }
            Self::Quiz => {
                let asked = question::Entity::find().select_only().column(question::Column::LessonId);
                all.add(lesson::Column::Id.not_in_subquery(asked.into_query()))
            }
            Self::Summary => all.add(blank(lesson::Column::Summary)),
            Self::Lecturer => all.add(blank(lesson::Column::Lecturer)),
            Self::Source => all.add(blank(lesson::Column::Source)),
            Self::Expired => all.add(lesson::Column::ValidUntil.lt(day)),
            Self::Expiring => {
                let near = Moment::start_of(day).plus_ms(NEAR_DAYS * 86_400_000).day();
                all.add(lesson::Column::ValidUntil.between(day, near))
            }
        }
    }
}

impl Preparation {
    /// The states of a job that mean this.
    pub fn states(self) -> &'static [JobState] {
        match self {
            Self::Failed => &[JobState::Failed],
            Self::Waiting => &[JobState::Waiting],
            Self::Underway => &[JobState::Queued, JobState::Running],
        }
    }

    fn condition(self) -> Condition {
        let jobs = job::Entity::find().select_only().column(job::Column::MediaSha256);
        let jobs = jobs.filter(job::Column::State.is_in(self.states().iter().copied()));
        Condition::all().add(lesson::Column::MediaSha256.in_subquery(jobs.into_query()))
    }
}

impl Order {
    /// Equal ones stand by their ids, so that a row has one place and pages neither repeat nor lose one.
    pub(super) fn of(self, query: Select<lesson::Entity>) -> Select<lesson::Entity> {
        let query = match self {
            Self::Updated => query.order_by_desc(lesson::Column::UpdatedAt),
            Self::Title => query.order_by_asc(lesson::Column::Title),
            Self::Plays => query.order_by_desc(lesson::Column::Plays),
            Self::Longest => query.order_by_desc(lesson::Column::DurationMs),
            Self::Shortest => query.order_by_asc(lesson::Column::DurationMs),
            // Databases disagree where rows without a day belong; those never published belong last.
            Self::Published => query
                .order_by_desc(lesson::Column::PublishedOn.is_not_null())
                .order_by_desc(lesson::Column::PublishedOn),
        };
        query.order_by_desc(lesson::Column::Id)
    }
}

impl LessonFilter {
    /// The condition on `lesson` rows, for this viewer on this day.
    pub(crate) fn condition(&self, viewer: &Viewer, day: Day) -> Condition {
        let seen = match self.state {
            _ if self.kept => kept_by_staff(viewer),
            None | Some(LessonState::Published) => published_for(viewer, day),
            Some(_) => kept_by_staff(viewer),
        };
        let q = self.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
        Condition::all()
            .add(seen)
            .add_option(self.state.map(|state| lesson::Column::State.eq(state)))
            .add_option(self.category.map(|category| lesson::Column::Category.eq(category)))
            .add_option(self.course_id.map(|course| lesson::Column::CourseId.eq(course)))
            .add_option(self.language.as_deref().map(|language| lesson::Column::Language.eq(language)))
            .add_option(self.level.map(|level| lesson::Column::Level.eq(level)))
            .add_option(self.lack.map(|lack| lack.condition(day)))
            .add_option(self.preparation.map(Preparation::condition))
            .add_option(self.created_by.map(|account| lesson::Column::CreatedBy.eq(account)))
            .add_option(self.unit.as_ref().map(|scope| scope.reaches((lesson::Entity, lesson::Column::UnitId))))
            .add_option(q.map(|q| lesson::Column::Title.contains(q)))
    }
}
