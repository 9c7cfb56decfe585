//! Makes up a large catalog: lessons with transcripts of varied Chinese, the same for the same seed.
//!
//! Words come from jieba's dictionary with the frequencies it counted in real text, so that common pairs of characters
//! are common here too; each lesson keeps coming back to its own few words, and says sentences of a judged set when
//! there is one, so that its queries meet what they would in a large catalog.

use entity::{Category, CourseId, Day, LessonState, Level, Moment, UnitId, lesson};
use jieba_rs::Jieba;
use sea_orm::Set;

/// Characters of a transcript.
pub const TRANSCRIPT: usize = 3_000;
/// Characters the words are made of: those that are common in text.
const CHARACTERS: usize = 2_500;
/// Words a lesson keeps coming back to.
const OWN_WORDS: usize = 40;

const CROPS: &[&str] = &[
    "沙糖桔",
    "水稻",
    "玉米",
    "木薯",
    "桑蚕",
    "罗汉果",
    "金桔",
    "生猪",
    "土鸡",
    "油茶",
    "甘蔗",
    "芒果",
    "百香果",
    "红薯",
    "马铃薯",
    "花生",
    "大豆",
    "蔬菜",
    "食用菌",
    "六堡茶",
    "葡萄",
    "柿子",
    "板栗",
    "八角",
    "肉桂",
    "山羊",
    "肉牛",
    "稻田鱼",
    "肉鸽",
    "蜜蜂",
    "澳洲坚果",
    "火龙果",
    "荔枝",
    "龙眼",
    "香蕉",
    "脐橙",
    "沃柑",
    "辣椒",
    "豆角",
    "莲藕",
];
const MATTERS: &[&str] = &[
    "病虫害防治",
    "育苗移栽",
    "水肥管理",
    "修剪整枝",
    "采收贮藏",
    "直播带货",
    "合同纠纷",
    "补贴申请",
    "保花保果",
    "土壤改良",
    "测土配方施肥",
    "农机安全",
    "电商开店",
    "农业保险",
    "合作社记账",
    "品牌包装",
    "冷链运输",
    "高温干旱",
    "霜冻预防",
    "轮作套种",
    "林下养殖",
    "疫病防控",
    "饲料配制",
    "圈舍消毒",
    "良种选择",
    "节水灌溉",
    "绿色认证",
    "价格行情",
    "贷款担保",
    "土地流转",
];
const SURNAMES: &[&str] =
    &["韦", "覃", "黄", "蒙", "莫", "陆", "梁", "李", "陈", "罗", "廖", "蓝", "农", "潘", "唐", "龙"];
const GIVEN: &[&str] =
    &["国强", "小明", "秀英", "大山", "丽萍", "志强", "建国", "春梅", "永福", "桂花", "文军", "海燕"];
const LANGUAGES: &[&str] = &["普通话", "普通话", "普通话", "桂柳话", "壮语"];

/// What lessons are made of.
pub struct Corpus {
    words: Vec<String>,
    /// Running sums of the words' frequencies.
    sums: Vec<f64>,
    sentences: Vec<String>,
}

impl Corpus {
    /// Words of the dictionary, and sentences that some lessons say.
    pub fn new(sentences: Vec<String>) -> Self {
        let jieba = Jieba::new();
        let mut characters: Vec<(usize, char)> = ('\u{4e00}'..='\u{9fff}')
            .filter(|c| jieba.has_word(c.encode_utf8(&mut [0; 4])))
            .map(|c| (jieba.suggest_freq(c.encode_utf8(&mut [0; 4])), c))
            .collect();
        characters.sort_unstable_by(|a, b| b.cmp(a));
        characters.truncate(CHARACTERS);
        let mut words: Vec<(String, f64)> = characters.iter().map(|(n, c)| (c.to_string(), *n as f64)).collect();
        for (_, first) in &characters {
            for (_, second) in &characters {
                let word: String = [*first, *second].iter().collect();
                if jieba.has_word(&word) {
                    let often = jieba.suggest_freq(&word) as f64;
                    words.push((word, often));
                }
            }
        }
        let mut sum = 0.0;
        let sums = words.iter().map(|(_, often)| {
            sum += often;
            sum
        });
        let sums = sums.collect();
        Self { words: words.into_iter().map(|(word, _)| word).collect(), sums, sentences }
    }

    /// Lesson number `number` of the catalog.
    pub fn lesson(&self, number: usize, course: CourseId, units: &[UnitId]) -> lesson::ActiveModel {
        let mut dice = Dice::new(number as u64);
        let (crop, matter) = (dice.one(CROPS), dice.one(MATTERS));
        let own: Vec<&str> = (0..OWN_WORDS).map(|_| self.rare(&mut dice)).collect();
        let title = format!("{crop}{}{matter}{}", dice.one(&own), dice.one(&["", "要点", "入门", "经验", "问答"]));
        let unit = units[dice.below(units.len())];
        let summary: String = (0..3).map(|_| self.sentence(&mut dice, &own)).collect();
        let tags = serde_json::to_string(&[*crop, *matter, *dice.one(&own)]).unwrap();
        let published = Day::from_ymd_opt(2018, 1, 1).unwrap() + chrono::Duration::days(dice.below(2_900) as i64);
        lesson::ActiveModel {
            slug: Set(format!("l{number}")),
            course_id: Set(course),
            position: Set(i32::try_from(number).unwrap_or(0) + 1),
            title: Set(title),
            summary: Set(summary),
            body: Set(self.transcript(&mut dice, &own)),
            tags: Set(tags),
            crop: Set(Some((*crop).to_owned())),
            category: Set(Category::ALL[dice.below(Category::ALL.len())]),
            level: Set(Level::ALL[dice.below(Level::ALL.len())]),
            language: Set((*dice.one(LANGUAGES)).to_owned()),
            lecturer: Set(format!("{}{}", dice.one(SURNAMES), dice.one(GIVEN))),
            duration_ms: Set(60_000 * (3 + dice.below(40) as i64)),
            published_on: Set(Some(published)),
            plays: Set((dice.unit().powi(4) * 20_000.0) as i64),
            season: Set(None),
            source: Set("本市".to_owned()),
            valid_until: Set(None),
            media_sha256: Set(None),
            state: Set(LessonState::Published),
            unit_id: Set(unit),
            audience_unit_id: Set(unit),
            is_sample: Set(false),
            return_reason: Set(None),
            created_by: Set(None),
            reviewed_by: Set(None),
            updated_at: Set(Moment::start_of(published)),
            version: Set(1),
            ..Default::default()
        }
    }

    fn transcript(&self, dice: &mut Dice, own: &[&str]) -> String {
        let (mut text, mut characters) = (String::with_capacity(TRANSCRIPT * 3), 0);
        while characters < TRANSCRIPT {
            let said = match self.sentences.is_empty() || dice.unit() > 0.1 {
                true => self.sentence(dice, own),
                false => dice.one(&self.sentences).clone(),
            };
            characters += said.chars().count();
            text.push_str(&said);
        }
        text
    }

    fn sentence(&self, dice: &mut Dice, own: &[&str]) -> String {
        let mut text = String::new();
        for place in 0..8 + dice.below(16) {
            let word: &str = if dice.unit() < 0.15 { dice.one::<&str>(own) } else { self.word(dice) };
            text.push_str(word);
            if place % 9 == 8 {
                text.push('，');
            }
        }
        text.push('。');
        text
    }

    /// A word as often as it is in real text.
    fn word(&self, dice: &mut Dice) -> &str {
        let at = dice.unit() * self.sums.last().unwrap();
        &self.words[self.sums.partition_point(|sum| *sum < at).min(self.words.len() - 1)]
    }

    fn rare(&self, dice: &mut Dice) -> &str {
        &self.words[CHARACTERS + dice.below(self.words.len() - CHARACTERS)]
    }
}

/// Numbers that look random and are the same every time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
