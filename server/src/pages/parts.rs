//! What the parts of `templates/parts` are given: the pager and the bars of a chart.

use std::fmt::Write;

/// Where a list stands: which of how many pages.
#[derive(Clone, Debug)]
pub struct Pager {
    /// This page, from 1.
    pub page: u64,
    /// How many pages there are; at least 1.
    pub pages: u64,
    /// How many rows there are in all.
    pub total: u64,
    /// The address of the list with its other parameters, ready for `page=` to follow: `/record?year=2026&`.
    base: String,
}

impl Pager {
    /// A pager over `total` rows, `size` to a page. `query` are the other parameters of the address.
    pub fn new(path: &str, query: &[(&str, &str)], page: u64, size: u64, total: u64) -> Self {
        let mut base = format!("{path}?");
        for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
            let _ = write!(base, "{name}={}&", encoded(value));
        }
        Self { page, pages: total.div_ceil(size.max(1)).max(1), total, base }
    }

    /// The address of the first page.
    pub fn first(&self) -> String {
        self.at(1)
    }

    /// The address of the page before.
    pub fn previous(&self) -> Option<String> {
        (self.page > 1).then(|| self.at(self.page.saturating_sub(1).min(self.pages)))
    }

    /// The address of the page after.
    pub fn next(&self) -> Option<String> {
        (self.page < self.pages).then(|| self.at(self.page.saturating_add(1)))
    }

    fn at(&self, page: u64) -> String {
        format!("{}page={page}", self.base)
    }
}

/// One bar of a chart.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What it stands for, such as a month.
    pub label: String,
    /// Its value as people read it.
    pub text: String,
    /// Its height, 0 to 100.
    pub percent: i64,
}

impl Bar {
    /// Bars for these labels, values and texts; the greatest value stands at full height.
    pub fn chart(values: impl IntoIterator<Item = (String, i64, String)>) -> Vec<Self> {
        let values: Vec<_> = values.into_iter().collect();
        let most = values.iter().map(|(_, value, _)| *value).max().unwrap_or(0).max(1);
        values
            .into_iter()
            .map(|(label, value, text)| Self { label, text, percent: value.max(0).saturating_mul(100) / most })
            .collect()
    }
}

/// A value as it stands in the query of an address (RFC 3986: everything but the unreserved is escaped).
pub fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

/// A text as it stands in HTML.
pub fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut html, c| {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
        html
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_keeps_the_other_parameters_and_stays_inside_the_list() {
        let pager = Pager::new("/search", &[("q", "沙糖桔 &x"), ("level", "")], 2, 10, 21);
        assert_eq!(pager.pages, 3);
        assert_eq!(pager.next().as_deref(), Some("/search?q=%E6%B2%99%E7%B3%96%E6%A1%94%20%26x&page=3"));
        assert_eq!(Pager::new("/search", &[], 9, 10, 21).previous().as_deref(), Some("/search?page=3"));
        assert_eq!(Pager::new("/search", &[], 1, 10, 0).next(), None);
    }

    #[test]
    fn no_markup_survives_escaping() {
        assert_eq!(escaped("<b a='1'>&\"</b>"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;&lt;/b&gt;");
    }

    #[test]
    fn the_greatest_bar_stands_at_full_height() {
        let bars = Bar::chart([("1月".into(), 5, "5".into()), ("2月".into(), 20, "20".into())]);
        assert_eq!(bars.iter().map(|bar| bar.percent).collect::<Vec<_>>(), [25, 100]);
    }
}
