//! What lessons are, what becomes of the files behind them, and how they are found.

use sea_orm::sea_query::StringLen;
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

words! {
    /// Where a lesson stands: draft, then review, then published, then withdrawn.
    LessonState {
        /// Being written.
        Draft = "draft", "草稿";
        /// Waits for a reviewer.
        Review = "review", "待审核";
        /// Can be found and played.
        Published = "published", "已发布";
        /// Was published; those who watched keep their hours.
        Withdrawn = "withdrawn", "已撤回";
    }

    /// What a lesson is about.
    Category {
        /// Farming.
        Agriculture = "agriculture", "农业科技";
        /// Selling.
        Marketing = "marketing", "市场营销";
        /// Settling disputes.
        Mediation = "mediation", "矛盾纠纷调解";
        /// Party work.
        Party = "party", "党建工作";
        /// Policy.
        Policy = "policy", "政策解读";
        /// Village affairs.
        Governance = "governance", "村务管理";
        /// Law.
        Law = "law", "法律常识";
        /// Health.
        Health = "health", "健康卫生";
        /// Everything else.
        Other = "other", "其他";
    }

    /// How hard a lesson is.
    Level {
        /// For beginners.
        Entry = "entry", "入门";
        /// For those who know the basics.
        Advanced = "advanced", "进阶";
        /// For specialists.
        Expert = "expert", "专业";
    }

    /// Where an upload stands.
    UploadState {
        /// Bytes are still expected.
        Receiving = "receiving", "上传中";
        /// All bytes are here; hashing and probing.
        Processing = "processing", "处理中";
        /// The blob is in the store.
        Complete = "complete", "已完成";
        /// Cannot become a blob; `error` says why.
        Failed = "failed", "失败";
    }

    /// What is made of a recording, so that it plays on a thin link.
    RenditionKind {
        /// The recording itself in a form that browsers play at once: its index moved to the front, or converted from an old disc format.
        Playable = "playable", "可播放";
        /// At most 720 lines of picture.
        Video720 = "video_720", "高清";
        /// At most 480 lines of picture.
        Video480 = "video_480", "标清";
        /// At most 240 lines of picture.
        Video240 = "video_240", "流畅";
        /// Sound alone.
        Audio = "audio", "只听声音";
        /// One still picture.
        Poster = "poster", "封面";
        /// A sheet of small pictures for the seek bar.
        Storyboard = "storyboard", "进度条预览";
    }

    /// Where a preparation job stands.
    JobState {
        /// Waits for a worker, or for its next attempt.
        Queued = "queued", "排队中";
        /// A worker has leased it.
        Running = "running", "处理中";
        /// Needs ffmpeg, which this machine does not have.
        Waiting = "waiting", "等待安装 ffmpeg";
        /// The rendition is there.
        Done = "done", "已完成";
        /// Not needed: the source is smaller already, or has no picture or no sound.
        Skipped = "skipped", "不需要";
        /// Given up; `error` says why.
        Failed = "failed", "失败";
    }

    /// How well a search was answered.
    SearchTier {
        /// Something matched fully.
        Full = "full", "有结果";
        /// Only weaker matches.
        Weak = "weak", "仅有相关结果";
        /// Nothing.
        None = "none", "无结果";
    }
}

impl RenditionKind {
    /// Those that are looked at; all others are played.
    pub const PICTURES: [Self; 2] = [Self::Poster, Self::Storyboard];
}
