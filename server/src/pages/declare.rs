//! Declaring other study (挂职锻炼, 学历教育, 实地教学): one's own on the phone, and somebody else's, such as study brought
//! home (送学上门), by the site manager or trainer. It waits for the county; until then it gives nothing.

use crate::api::evidence::EVIDENCE_BYTES;
use crate::api::studies::{enter, learner};
use crate::auth::identity::{Identity, Matcher, SignedIn};
use crate::auth::reach;
use crate::body::Coming;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, bad_class};
use crate::pages::choose::{Choice, Errors};
use crate::pages::go;
use crate::pages::office::form_data::FormData;
use crate::pages::shell::Shell;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use archive::classes::study::{self, NewStudy};
use askama::Template;
use content::store::Store;
use entity::{Moment, PersonId, Source};

/// What may be entered for somebody else.
const FOR_OTHERS: [Source; 4] = [Source::HomeStudy, Source::FieldStudy, Source::Secondment, Source::Degree];

#[derive(Template)]
#[template(path = "phone/declare.html")]
struct DeclarePage {
    shell: Shell,
    /// Where the form goes, and where one leaves to.
    action: String,
    back: String,
    /// Whose study it is; none for one's own.
    whose: Option<String>,
    sources: Vec<Choice>,
    typed: StudyForm,
    errors: Errors,
}

/// What was typed.
#[derive(Debug, Default)]
struct StudyForm {
    source: String,
    title: String,
    place: String,
    starts_on: String,
    ends_on: String,
    half_days: String,
    words: String,
}

/// Who declares whose study, and the pages around it.
struct Whose {
    person: PersonId,
    name: Option<String>,
    action: String,
    back: String,
    sources: &'static [Source],
}

/// `GET /record/declare`: the form for one's own.
///
/// # Errors
/// `not_found` for an account without a person.
pub async fn form(caller: SignedIn) -> ApiResult<HttpResponse> {
    let whose = Whose::own(&caller)?;
    crate::pages::draw(&DeclarePage::of(&caller, &whose, StudyForm::empty(), Errors::default()))
}

/// `POST /record/declare`: declare it; what was typed is kept when it is refused.
///
/// # Errors
/// `not_found` for an account without a person.
pub async fn take(
    caller: SignedIn,
    request: HttpRequest,
    body: Coming,
    db: Data<Database>,
    store: Data<Store>,
) -> ApiResult<HttpResponse> {
    let whose = Whose::own(&caller)?;
    declared(&caller, &request, body, &db, &store, whose).await
}

/// `GET /office/people/{id}/study`: the form for somebody else's.
///
/// # Errors
/// `not_found` for somebody beyond the caller's reach.
pub async fn form_for(matcher: Matcher, id: Path<PersonId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let whose = Whose::of(&matcher, *id, &db).await?;
    crate::pages::draw(&DeclarePage::of(&matcher, &whose, StudyForm::empty(), Errors::default()))
}

/// `POST /office/people/{id}/study`: enter it.
///
/// # Errors
/// `not_found` for somebody beyond the caller's reach.
pub async fn take_for(
    matcher: Matcher,
    id: Path<PersonId>,
    request: HttpRequest,
    body: Coming,
    db: Data<Database>,
    store: Data<Store>,
) -> ApiResult<HttpResponse> {
    let whose = Whose::of(&matcher, *id, &db).await?;
    declared(&matcher, &request, body, &db, &store, whose).await
}

async fn declared(
    caller: &Identity,
    request: &HttpRequest,
    body: Coming,
    db: &Database,
    store: &Store,
    whose: Whose,
) -> ApiResult<HttpResponse> {
    let form = FormData::read(request, body, EVIDENCE_BYTES + (64 << 10)).await?;
    let typed = StudyForm::of(&form);
    let mut errors = Errors::default();
    match typed.to_new(whose.person).and_then(|new| study::check(&new, Moment::now().day()).map(|()| new)) {
        Err(archive::Error::BadClass(field)) => errors.put(place_of(field), bad_class(field)),
        Err(other) => return Err(other.into()),
        Ok(new) => {
            let (name, file) = form.file("evidence").unwrap_or_default();
            match enter(caller, db, store, new, (&name, &file)).await {
                Ok(_) => return Ok(go(&whose.back)),
                Err(refused) => say(refused, &mut errors)?,
            }
        }
    }
    crate::pages::draw_as(StatusCode::UNPROCESSABLE_ENTITY, &DeclarePage::of(caller, &whose, typed, errors))
}

/// A refusal that can be mended is said on the page, beside what was typed.
fn say(refused: ApiError, errors: &mut Errors) -> ApiResult<()> {
    let field = match refused.code() {
        Code::WrongState => "ends_on",
        Code::InvalidRequest if refused.message() == bad_class("evidence") => "evidence",
        Code::InvalidRequest => "source",
        _ => return Err(refused),
    };
    errors.put(field, refused.message());
    Ok(())
}

fn place_of(field: &'static str) -> &'static str {
    if field == "study_days" { "ends_on" } else { field }
}

impl Whose {
    fn own(caller: &Identity) -> ApiResult<Self> {
        let (action, back) = ("/record/declare".to_owned(), "/record?done=declared#studies".to_owned());
        Ok(Self { person: learner(caller)?, name: None, action, back, sources: &study::OWN })
    }

    async fn of(matcher: &Matcher, id: PersonId, db: &Database) -> ApiResult<Self> {
        let person = reach::person(db, &matcher.reach(), id).await?;
        let action = format!("/office/people/{id}/study");
        let back = format!("/office/people/{id}?done=declared#studies");
        Ok(Self { person: id, name: Some(person.name), action, back, sources: &FOR_OTHERS })
    }
}

impl DeclarePage {
    fn of(caller: &Identity, whose: &Whose, typed: StudyForm, errors: Errors) -> Self {
        let (title, here) = match whose.name {
            None => ("申报其他学习", "/record"),
            Some(_) => ("登记其他学习", "/office"),
        };
        let choice = |source: &Source| Choice::new(source.as_str(), source.label(), &typed.source);
        Self {
            shell: Shell::new(caller, title, here),
            action: whose.action.clone(),
            back: whose.back.clone(),
            whose: whose.name.clone(),
            sources: whose.sources.iter().map(choice).collect(),
            typed,
            errors,
        }
    }
}

impl StudyForm {
    fn empty() -> Self {
        let today = Moment::now().day().to_string();
        Self { starts_on: today.clone(), ends_on: today, half_days: "1".to_owned(), ..Self::default() }
    }

    fn of(form: &FormData) -> Self {
        let text = |name| form.text(name).to_owned();
        Self {
            source: text("source"),
            title: text("title"),
            place: text("place"),
            starts_on: text("starts_on"),
            ends_on: text("ends_on"),
            half_days: text("half_days"),
            words: text("words"),
        }
    }

    fn to_new(&self, person_id: PersonId) -> Result<NewStudy<'_>, archive::Error> {
        let bad = archive::Error::BadClass;
        Ok(NewStudy {
            person_id,
            source: Source::parse(&self.source).ok_or(bad("source"))?,
            title: &self.title,
            place: &self.place,
            starts_on: self.starts_on.trim().parse().map_err(|_| bad("study_days"))?,
            ends_on: self.ends_on.trim().parse().map_err(|_| bad("study_days"))?,
            half_days: self.half_days.trim().parse().map_err(|_| bad("half_days"))?,
            words: &self.words,
            evidence_sha256: "",
        })
    }
}
