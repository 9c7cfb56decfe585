//! The closed sets of words that columns hold. Stored as snake_case text; `label` is what people read. Those of units and
//! people are here, the others in `lessons` and `hours`.

use sea_orm::sea_query::StringLen;
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal, $label:literal;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
        #[sea_orm(rs_type = "String", db_type = "String(StringLen::None)")]
        pub enum $name {
            $($(#[$vdoc])* #[sea_orm(string_value = $text)] #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// Every word of the set, in the order people expect them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stored text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The Chinese name people read.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),* }
            }

            /// Parse the stored text or the Chinese name.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text || word.label() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

mod hours;
mod lessons;

pub use hours::*;
pub use lessons::*;

words! {
    /// How high a unit stands in the org tree. The tree may be of any depth; `Other` is a site of an enterprise or a hamlet.
    UnitLevel {
        /// The root.
        City = "city", "市";
        /// A county or district.
        County = "county", "县区";
        /// A township.
        Township = "township", "乡镇";
        /// An administrative village: the usual home of a station.
        Village = "village", "行政村";
        /// An enterprise site, a hamlet, anything else.
        Other = "other", "其他站点";
    }

    /// What an account may do at a unit and everywhere below it.
    Role {
        /// Learns, and sees their own archive.
        Learner = "learner", "学员";
        /// Runs a village classroom.
        SiteManager = "site_manager", "站点管理员";
        /// Uploads lessons, runs classes, exports attendance.
        Trainer = "trainer", "县级培训员";
        /// Publishes, returns and withdraws lessons.
        Reviewer = "reviewer", "审核员";
        /// Answers questions.
        Expert = "expert", "专家";
        /// Assesses cadres by their archives.
        Assessor = "assessor", "考核办";
        /// Reads everything, changes nothing.
        Auditor = "auditor", "审计员";
        /// Manages units, people, accounts and roles.
        Admin = "admin", "系统管理员";
        /// A classroom terminal: may do only what a classroom does.
        Device = "device", "教室终端";
    }

    /// A term of office in a village.
    PostKind {
        /// Village Party secretary.
        VillageSecretary = "village_secretary", "村党组织书记";
        /// Village committee director.
        VillageDirector = "village_director", "村委会主任";
        /// Member of the village's two committees.
        CommitteeMember = "committee_member", "村“两委”委员";
        /// Hamlet head.
        HamletHead = "hamlet_head", "村民小组长";
        /// Hamlet branch secretary.
        HamletSecretary = "hamlet_secretary", "屯支部书记";
        /// Graduate village official.
        GraduateOfficial = "graduate_official", "大学生村官";
        /// First secretary sent from above.
        FirstSecretary = "first_secretary", "第一书记";
        /// Reserve cadre.
        ReserveCadre = "reserve_cadre", "后备干部";
        /// Party member without a post.
        Member = "member", "党员";
    }
}
