//! Which texts of the API are words of a closed set. The document lists the words, so that programs know them and
//! checkers do not make up others.
//!
//! The sets are the domain's own: a new word stands in the document by itself. A test finds texts that are described as a
//! choice and are in no table.

use archive::classes::study::KINDS;
use catalog::lesson::{Lack, Order, Preparation};
use content::caption::Encoding;
use entity::{
    AttendanceStatus, Category, ClassState, ExemptionKind, JobState, LessonState, Level, MarkedHow, PlaybackMode,
    PostKind, QuestionKind, RenditionKind, Role, SealState, Source, UnitLevel, UploadState,
};
use serde_json::{Value, json};

/// The words of a set, made when the document is.
type Set = fn() -> Vec<String>;

macro_rules! words {
    ($set:ident) => {
        || $set::ALL.iter().map(|word| word.as_str().to_owned()).collect()
    };
}

/// The words and their Chinese names, where both are taken.
macro_rules! named {
    ($set:ident) => {
        || $set::ALL.iter().flat_map(|word| [word.as_str(), word.label()].map(str::to_owned)).collect()
    };
}

/// Schemas and their properties; of a list its items are meant.
const PROPERTIES: &[(&str, &str, Set)] = &[
    ("AppealAnswer", "state", || texts(&["waiting", "open", "granted", "refused"])),
    ("AskedAnswer", "kind", words!(QuestionKind)),
    ("AttendeeAnswer", "marked", words!(MarkedHow)),
    ("BeginBody", "mode", words!(PlaybackMode)),
    ("BulkChangeAnswer", "state", || texts(&["looking", "done", "undone"])),
    ("BulkChangeBody", "action", || {
        let fields = ["category", "level", "language", "season", "valid_until", "audience", "add_tag", "remove_tag"];
        texts(&[fields.as_slice(), &["submit", "publish", "withdraw"]].concat())
    }),
    ("CaptionPreviewAnswer", "format", || texts(&["SRT", "WebVTT"])),
    ("ChildAnswer", "level", words!(UnitLevel)),
    ("ClassAnswer", "level", words!(UnitLevel)),
    ("ClassAnswer", "source", of_classes),
    ("ClassAnswer", "state", words!(ClassState)),
    ("CourseBrief", "category", words!(Category)),
    ("CoursePatchBody", "category", named!(Category)),
    ("EnrolledAnswer", "status", words!(AttendanceStatus)),
    ("EntryAnswer", "source", words!(Source)),
    ("ExemptionAnswer", "kind", words!(ExemptionKind)),
    ("ExemptionBody", "kind", words!(ExemptionKind)),
    ("GapAnswer", "verdict", || texts(&["met", "short", "exempt", "unbound"])),
    ("GapLessonAnswer", "category", words!(Category)),
    ("HitAnswer", "category", words!(Category)),
    ("HitAnswer", "level", words!(Level)),
    ("ItemAnswer", "state", || texts(&["not_begun", "begun", "done"])),
    ("LateAnswer", "state", || texts(&["open", "admitted", "refused"])),
    ("LessonBrief", "category", words!(Category)),
    ("LessonBrief", "level", words!(Level)),
    ("LessonBrief", "state", words!(LessonState)),
    ("LessonPatchBody", "category", named!(Category)),
    ("LessonPatchBody", "level", named!(Level)),
    ("MovedAnswer", "turn", || texts(&["gain", "lose"])),
    ("NewCourseBody", "category", named!(Category)),
    ("NewLessonBody", "category", named!(Category)),
    ("NewLessonBody", "level", named!(Level)),
    ("PartAnswer", "kind", words!(RenditionKind)),
    ("PartAnswer", "state", words!(JobState)),
    ("PlanAnswer", "posts", words!(PostKind)),
    ("PlanBody", "posts", named!(PostKind)),
    ("QuestionAnswer", "kind", words!(QuestionKind)),
    ("QuestionBody", "kind", named!(QuestionKind)),
    ("QuizQuestionAnswer", "kind", words!(QuestionKind)),
    ("RoleAt", "role", words!(Role)),
    ("SealAnswer", "state", words!(SealState)),
    ("SourceAnswer", "kind", || texts(&["original", "video_720", "video_480", "video_240", "audio"])),
    ("SourceTotal", "source", words!(Source)),
    ("SuggestionAnswer", "kind", || texts(&["hot", "crop", "tag", "lecturer", "course", "title"])),
    ("UnitAnswer", "level", words!(UnitLevel)),
    ("UploadAnswer", "state", words!(UploadState)),
];

/// The forms of a report.
const FORMATS: &[&str] = &["json", "csv", "xlsx"];

const REPORTS: &[&str] = &[
    "attendance",
    "hours",
    "assessment",
    "gaps",
    "viewing",
    "feedback",
    "equipment",
    "runs",
    "roster",
    "bulletin",
    "stars",
];

/// A class, and every kind of other study.
fn of_classes() -> Vec<String> {
    [&[Source::Class], KINDS.as_slice()].concat().iter().map(|source| source.as_str().to_owned()).collect()
}

fn of_studies() -> Vec<String> {
    KINDS.iter().map(|source| source.as_str().to_owned()).collect()
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Every report in every form, as a file's name.
fn files(reports: &[&str]) -> Vec<String> {
    reports.iter().flat_map(|report| FORMATS.iter().map(move |format| format!("{report}.{format}"))).collect()
}

/// Addresses and their parameters, of whatever method.
const PARAMETERS: &[(&str, &str, Set)] = &[
    ("/api/v1/appeals", "state", || texts(&["open", "decided", "waiting"])),
    ("/api/v1/audit/{file}", "file", || files(&["log"])),
    ("/api/v1/classes", "state", words!(ClassState)),
    ("/api/v1/courses", "category", named!(Category)),
    ("/api/v1/late-sessions", "state", || texts(&["", "open", "decided"])),
    ("/api/v1/lessons", "category", named!(Category)),
    ("/api/v1/lessons", "lack", words!(Lack)),
    ("/api/v1/lessons", "level", named!(Level)),
    ("/api/v1/lessons", "preparation", words!(Preparation)),
    ("/api/v1/lessons", "sort", words!(Order)),
    ("/api/v1/lessons", "state", || {
        LessonState::ALL.iter().map(|state| state.as_str()).chain(["any"]).map(str::to_owned).collect()
    }),
    ("/api/v1/lessons/{id}/captions/preview", "encoding", words!(Encoding)),
    ("/api/v1/lessons/{id}/captions/{language}", "encoding", words!(Encoding)),
    ("/api/v1/lessons/{id}/watchers.{format}", "format", || texts(FORMATS)),
    ("/api/v1/media/{sha256}/preparation/{kind}/retry", "kind", words!(RenditionKind)),
    ("/api/v1/me/studies", "source", of_studies),
    ("/api/v1/people/{id}/studies", "source", of_studies),
    ("/api/v1/studies", "state", words!(ClassState)),
    ("/api/v1/plans/{id}/progress.{format}", "format", || texts(FORMATS)),
    ("/api/v1/reports/{file}", "file", || files(REPORTS)),
    ("/api/v1/search", "captions", || texts(&["", "true", "false", "1", "0"])),
    ("/api/v1/search", "sort", || texts(&["relevance", "newest", "plays", "shortest", "smallest"])),
    ("/api/v1/searches", "format", || texts(&["csv"])),
    ("/api/v1/searches", "sort", || texts(&["most", "latest"])),
    ("/api/v1/units/{id}/gaps", "who", || texts(&["behind", "short", "exempt"])),
    ("/api/v1/units/{id}/stars/{item}", "item", || texts(&["practice", "people"])),
    ("/uploads", "Tus-Resumable", || texts(&["1.0.0"])),
    ("/uploads/{id}", "Tus-Resumable", || texts(&["1.0.0"])),
];

/// Writes the words into the document; answers the entries that name nothing in it.
pub fn write(document: &mut Value) -> Vec<(&'static str, &'static str)> {
    let mut unknown = Vec::new();
    for (schema, property, set) in PROPERTIES {
        match property_of(document, schema, property) {
            Some(found) => list(found, &set()),
            None => unknown.push((*schema, *property)),
        }
    }
    for (path, name, set) in PARAMETERS {
        let found = parameters_of(document, path, name);
        if found.is_empty() {
            unknown.push((*path, *name));
        }
        for schema in found {
            list(schema, &set());
        }
    }
    unknown
}

/// The property of a schema, or of one of the parts it is made of.
fn property_of<'a>(document: &'a mut Value, schema: &str, property: &str) -> Option<&'a mut Value> {
    let schema = document.pointer_mut(&format!("/components/schemas/{schema}"))?;
    if schema.get("allOf").is_some() {
        let parts = schema.get_mut("allOf")?.as_array_mut()?;
        return parts.iter_mut().find_map(|part| part.get_mut("properties")?.get_mut(property));
    }
    schema.get_mut("properties")?.get_mut(property)
}

fn parameters_of<'a>(document: &'a mut Value, path: &str, name: &str) -> Vec<&'a mut Value> {
    let methods = document.get_mut("paths").and_then(|paths| paths.get_mut(path)).and_then(Value::as_object_mut);
    let operations = methods.into_iter().flat_map(|methods| methods.values_mut());
    let lists = operations.filter_map(|operation| operation.get_mut("parameters")?.as_array_mut());
    let named = lists.flatten().filter(|parameter| parameter.get("name").is_some_and(|known| known == name));
    named.filter_map(|parameter| parameter.get_mut("schema")).collect()
}

/// Lists the words at a text, or at the items of a list of texts; what may be absent may still be null.
fn list(schema: &mut Value, words: &[String]) {
    let schema = match schema.get("items").is_some() {
        true => schema.get_mut("items"),
        false => Some(schema),
    };
    let Some(schema) = schema.and_then(Value::as_object_mut) else { return };
    let null = schema.get("type").and_then(Value::as_array).is_some_and(|types| types.contains(&json!("null")));
    let words = words.iter().map(|word| json!(word)).chain(null.then_some(Value::Null));
    schema.insert("enum".to_owned(), words.collect());
}
