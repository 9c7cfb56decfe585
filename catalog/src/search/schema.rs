//! Schema: which fields a lesson has in the index, how each is cut, and how much a match there is worth.

use super::tokenizer::Cut;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, NumericOptions, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};

/// Raised with every change of fields, cuts or folding: an index of another version is built anew.
pub(crate) const VERSION: u32 = 7;

/// A place in a lesson where words may match.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zone {
    /// Its characters and pairs.
    pub grams: Field,
    /// Its jieba words; a name has none, and those of a transcript are told by their pairs.
    pub words: Option<Field>,
    /// What a match here is worth.
    pub weight: f32,
    /// How much its length counts: nothing for short texts, where it would only reward terseness.
    pub length_matters: f32,
}

/// The fields.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    /// The lesson's id: key, and order of last resort.
    pub id: Field,
    /// Whom it is for; see [`audience`](crate::audience).
    pub audience: Field,
    /// Titles, tags, crops and lecturers whole, for suggestions and the dictionary.
    pub phrase: Field,
    /// The places words may match in.
    pub zones: Vec<Zone>,
    /// Pairs of syllables of title, tags, lecturer and summary.
    pub sounds: Field,
    /// The card shown for a hit, as JSON.
    pub card: Field,
    /// Transcript or article, for snippets; blank when the captions say all of it.
    pub body: Field,
    /// The captions, a line for each cue; see [`passages`](super::passages).
    pub spoken: Field,
    /// When each of these lines begins.
    pub begins: Field,
    /// Category by its place in the list of categories.
    pub category: Field,
    /// Level by its place in the list of levels.
    pub level: Field,
    /// Languages it can be heard in: its own, and those of its voices.
    pub language: Field,
    /// Crop.
    pub crop: Field,
    /// Length in milliseconds.
    pub duration: Field,
    /// Bytes of the media.
    pub size: Field,
    /// Bytes of the smallest form that can be played.
    pub smallest: Field,
    /// 1 for a lesson with captions.
    pub captions: Field,
    /// Day of publication, in days since 1970.
    pub published: Field,
    /// Last day it may be shown, in days since 1970.
    pub valid_until: Field,
    /// Plays when it was indexed.
    pub plays: Field,
    /// Solar terms and months it fits, as bits.
    pub season: Field,
}

/// The zones by name, with weight and how much length matters.
const ZONES: [(&str, f32, f32); 5] =
    [("title", 5.0, 0.0), ("tags", 3.0, 0.0), ("lecturer", 4.0, 0.0), ("summary", 2.0, 0.4), ("body", 1.0, 0.4)];

/// A transcript is most of the text: its words are told by the pairs they are made of, and it has few characters alone.
fn grams_of(zone: &str) -> Cut {
    if zone == "body" { Cut::Pairs } else { Cut::Grams }
}

/// Builds the schema.
pub(crate) fn build() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let zones = ZONES.map(|(name, weight, length_matters)| Zone {
        grams: schema.add_text_field(&format!("{name}_grams"), cut_by(grams_of(name), length_matters > 0.0)),
        words: (!["lecturer", "body"].contains(&name))
            .then(|| schema.add_text_field(&format!("{name}_words"), cut_by(Cut::Words, length_matters > 0.0))),
        weight,
        length_matters,
    });
    let number = NumericOptions::default() | FAST;
    let fields = Fields {
        id: schema.add_i64_field("id", NumericOptions::default() | FAST | INDEXED),
        audience: schema.add_text_field("audience", STRING),
        phrase: schema.add_text_field("phrase", STRING),
        zones: zones.to_vec(),
        sounds: schema.add_text_field("sounds", cut_by(Cut::Sounds, false)),
        card: schema.add_text_field("card", STORED),
        body: schema.add_text_field("body", STORED),
        spoken: schema.add_text_field("spoken", STORED),
        begins: schema.add_bytes_field("begins", STORED),
        category: schema.add_u64_field("category", number.clone()),
        level: schema.add_u64_field("level", number.clone()),
        language: schema.add_text_field("language", STRING | FAST),
        crop: schema.add_text_field("crop", STRING | FAST),
        duration: schema.add_i64_field("duration", number.clone()),
        size: schema.add_i64_field("size", number.clone()),
        smallest: schema.add_i64_field("smallest", number.clone()),
        captions: schema.add_u64_field("captions", number.clone()),
        published: schema.add_i64_field("published", number.clone()),
        valid_until: schema.add_i64_field("valid_until", number.clone()),
        plays: schema.add_i64_field("plays", number.clone()),
        season: schema.add_u64_field("season", number),
    };
    (schema.build(), fields)
}

/// Our cuts by the names the schema uses.
pub(crate) fn tokenizers() -> TokenizerManager {
    let manager = TokenizerManager::default();
    for cut in [Cut::Words, Cut::Grams, Cut::Pairs, Cut::Sounds] {
        manager.register(cut.name(), TextAnalyzer::from(cut));
    }
    manager
}

fn cut_by(cut: Cut, with_length: bool) -> TextOptions {
    let indexing = TextFieldIndexing::default().set_tokenizer(cut.name()).set_fieldnorms(with_length);
    TextOptions::default().set_indexing_options(indexing.set_index_option(IndexRecordOption::WithFreqs))
}
