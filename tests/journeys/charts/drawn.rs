//! Charts as they stand on a page: the picture taken apart, and the table beneath it.

/// A chart.
#[derive(Debug)]
pub struct Drawn {
    /// What it shows.
    pub title: String,
    /// What is said to those who do not see it.
    pub told: String,
    /// The rows of its table, without the headings.
    pub rows: Vec<Vec<String>>,
    /// Its bars, or the squares of its days.
    pub bars: Vec<Bar>,
    /// Where its target stands, as a share of a whole bar.
    pub target: Option<f64>,
}

/// One bar.
#[derive(Debug)]
pub struct Bar {
    /// What it is of.
    pub label: String,
    /// Its value as people read it.
    pub text: String,
    /// How long it is, as a share of the longest there may be.
    pub share: f64,
    /// Its colour.
    pub class: String,
}

impl Drawn {
    /// That every bar stands in the table with its number, and is as long as that number, `whole` being the longest.
    #[track_caller]
    pub fn must_be_to_scale(&self, whole: f64) {
        assert_eq!(self.rows.len(), self.bars.len() + usize::from(self.target.is_some()), "{self:?}");
        for (bar, row) in self.bars.iter().zip(&self.rows) {
            assert_eq!([&bar.label, &bar.text], [&row[0], &row[1]], "{}", self.title);
            bar.must_be(number_in(&row[1]) / whole);
        }
    }
}

impl Bar {
    /// That it is so long, but for what cannot be drawn.
    #[track_caller]
    pub fn must_be(&self, share: f64) {
        assert!((self.share - share).abs() < 0.01, "{self:?} should be {share}");
    }
}

/// The number a text begins with.
pub fn number_in(text: &str) -> f64 {
    let end = text.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

/// The charts of a page.
pub fn of_page(html: &str) -> Vec<Drawn> {
    let figures = html.split("<figure class=\"chart-box\">").skip(1);
    figures.map(|figure| of_figure(figure.split_once("</figure>").unwrap().0)).collect()
}

/// The chart of a page with this title.
#[track_caller]
pub fn of_page_named(html: &str, title: &str) -> Drawn {
    let found = of_page(html).into_iter().find(|chart| chart.title == title);
    found.unwrap_or_else(|| panic!("no chart {title}: {html}"))
}

/// The columns that stand in a list: a number over each, and a label under it.
pub fn columns(html: &str) -> Vec<Bar> {
    let list = between(html, "<ol class=\"columns\" tabindex=\"0\">", "</ol>");
    let column = |item: &str| {
        assert!(item.contains(" aria-hidden=\"true\">"), "who listens hears the list: {item}");
        let (label, text) = (between(item, "</svg>", "</li>").to_owned(), between(item, "<b>", "</b>").to_owned());
        Bar { label, text, share: measure(item, "height") / 100.0, class: String::new() }
    };
    list.split("<li>").skip(1).map(column).collect()
}

fn of_figure(figure: &str) -> Drawn {
    let title = between(figure, "<figcaption>", "</figcaption>");
    let (svg, beneath) = figure.split_once("</svg>").unwrap();
    let (_, svg) = svg.split_once("<svg ").unwrap();
    let (table, _) = between(beneath, "<summary>看数字</summary>", "</details>").split_once("</table>").unwrap();
    let mut rows = table.split("<tr>").skip(1).map(cells);
    let heads = rows.next().unwrap();
    assert!(table.matches("<th scope=\"col\"").count() == heads.len() && heads.len() > 1, "{title}: {heads:?}");
    let rows = rows.collect();
    Drawn { title: title.to_owned(), told: told(svg, title), rows, bars: bars(svg), target: target(svg) }
}

/// The description of a picture, which is one image with a name (WAI-ARIA 1.2, role `img`).
fn told(svg: &str, title: &str) -> String {
    let (open, _) = svg.split_once('>').unwrap();
    assert_eq!(attribute(open, "role"), "img", "{title}");
    let ids: Vec<_> = attribute(open, "aria-labelledby").split(' ').collect();
    let [name, description] = ids[..] else { panic!("a name and a description: {open}") };
    assert_eq!(between(svg, &format!("<title id=\"{name}\">"), "</title>"), title);
    let told = between(svg, &format!("<desc id=\"{description}\">"), "</desc>");
    assert!(!told.is_empty(), "{title}");
    told.to_owned()
}

fn bars(svg: &str) -> Vec<Bar> {
    match svg.contains("<g>") {
        true => svg.split("<g>").skip(1).map(lying).collect(),
        false => svg.split("<rect ").skip(1).map(|rect| bar(rect, rect, measure(rect, "height") / 100.0)).collect(),
    }
}

/// A bar that lies on a rail, which is as long as the longest may be.
fn lying(group: &str) -> Bar {
    let rects: Vec<_> = group.split("<rect ").skip(1).collect();
    let [rail, long] = rects[..] else { panic!("a rail and a bar: {group}") };
    bar(group, long, measure(long, "width") / measure(rail, "width"))
}

fn bar(titled: &str, rect: &str, share: f64) -> Bar {
    let (label, text) = between(titled, "<title>", "</title>").split_once('：').unwrap();
    Bar { label: label.to_owned(), text: text.to_owned(), share, class: attribute(rect, "class").to_owned() }
}

fn target(svg: &str) -> Option<f64> {
    let (_, line) = svg.split_once("<line class=\"target\" ")?;
    let (_, rail) = svg.split_once("<rect class=\"rail\" ")?;
    assert_eq!(measure(line, "x1"), measure(line, "x2"), "upright");
    Some((measure(line, "x1") - measure(rail, "x")) / measure(rail, "width"))
}

fn cells(row: &str) -> Vec<String> {
    let row = row.split("</tr>").next().unwrap_or_default();
    let cells = row.split("</t").filter_map(|cell| cell.rsplit_once("<t")?.1.split_once('>'));
    cells.map(|(_, text)| text.to_owned()).collect()
}

#[track_caller]
fn measure(tag: &str, name: &str) -> f64 {
    attribute(tag, name).parse().unwrap()
}

#[track_caller]
fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    between(tag, &format!("{name}=\""), "\"")
}

#[track_caller]
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before}: {text}"));
    rest.split_once(after).unwrap_or_else(|| panic!("no {after}: {rest}")).0
}
