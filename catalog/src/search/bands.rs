//! Bands of length and size that lessons are narrowed by, as people choose them on a thin link.

macro_rules! bands {
    ($($(#[$doc:meta])* $name:ident($what:ident) { $($(#[$value_doc:meta])* $value:ident = $word:literal, $label:literal, $up_to:expr;)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$value_doc])* $value,)+ }

        impl $name {
            /// Every band, the lowest first.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// The band this value lies in, bounds included.
            pub fn of($what: i64) -> Self {
                let bounds = [$((Self::$value, $up_to)),+];
                bounds.into_iter().find(|(_, up_to)| $what <= *up_to).map_or(Self::Most, |(band, _)| band)
            }

            /// The stable word of the API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }

            /// What people read.
            pub fn label(self) -> &'static str {
                match self { $(Self::$value => $label),+ }
            }

            /// The band with this word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|band| band.as_str() == word)
            }
        }
    )+};
}

const MINUTE_MS: i64 = 60_000;
/// As data plans count it.
const MB: i64 = 1_000_000;

bands! {
    /// How long a lesson is, in milliseconds.
    LengthBand(ms) {
        /// At most 5 minutes.
        Short = "upto5", "5 分钟以内", 5 * MINUTE_MS;
        /// Over 5, at most 15.
        Medium = "5to15", "5–15 分钟", 15 * MINUTE_MS;
        /// Over 15, at most 30.
        Long = "15to30", "15–30 分钟", 30 * MINUTE_MS;
        /// Over 30 minutes.
        Most = "over30", "30 分钟以上", i64::MAX;
    }
    /// How many bytes the smallest form of a lesson that can be played has.
    SizeBand(bytes) {
        /// An article: next to nothing.
        Article = "none", "图文不费流量", 0;
        /// At most 5 MB.
        Small = "upto5", "5 MB 以内", 5 * MB;
        /// Over 5, at most 20.
        Medium = "5to20", "5–20 MB", 20 * MB;
        /// Over 20, at most 50.
        Large = "20to50", "20–50 MB", 50 * MB;
        /// Over 50 MB.
        Most = "over50", "50 MB 以上", i64::MAX;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_the_band_below_it() {
        assert_eq!(
            [0, 300_000, 300_001].map(LengthBand::of),
            [LengthBand::Short, LengthBand::Short, LengthBand::Medium]
        );
        assert_eq!([0, 1, 5_000_000].map(SizeBand::of), [SizeBand::Article, SizeBand::Small, SizeBand::Small]);
        assert_eq!(SizeBand::of(i64::MAX), SizeBand::Most);
        assert!(LengthBand::ALL.iter().all(|band| LengthBand::parse(band.as_str()) == Some(*band)));
    }
}
