//! The parts of the search that a measurement may switch off, to learn what each is worth.

/// Which parts work. All of them in service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Typed letters are read as pinyin and initials.
    pub pinyin: bool,
    /// Pairs of characters are met by what sounds alike.
    pub homophones: bool,
    /// Words are met by what means the same.
    pub synonyms: bool,
    /// Pairs of characters are looked for across and inside words, not only words of two characters.
    pub pairs: bool,
    /// Jieba's words add to the score.
    pub words: bool,
    /// Frames of questions and function words are left out.
    pub frames: bool,
    /// Words are weighed by part of speech and by how common they are.
    pub matter: bool,
    /// Numbers are met when they are written the other way.
    pub numbers: bool,
    /// Lessons of the category of the best are preferred.
    pub coherence: bool,
    /// Use, recency and season part near-ties.
    pub priors: bool,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            pinyin: true,
            homophones: true,
            synonyms: true,
            pairs: true,
            words: true,
            frames: true,
            matter: true,
            numbers: true,
            coherence: true,
            priors: true,
        }
    }
}
