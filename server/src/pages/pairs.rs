//! A form whose fields may come several times, such as the boxes of one question.

use serde::Deserialize;

/// The fields in the order they were sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// The text of a field; empty when it is missing. A form's line ends are CR LF (HTML, form submission).
    pub fn text(&self, name: &str) -> String {
        self.all(name).next().unwrap_or_default().replace("\r\n", "\n")
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The numbers among the values of a field.
    pub fn numbers(&self, name: &str) -> Vec<usize> {
        self.all(name).filter_map(|value| value.parse().ok()).collect()
    }
}
