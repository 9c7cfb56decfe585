//! How a name is filed and how a phone number is shown. Pure.

use pinyin::ToPinyin;

/// Surnames that sound otherwise than the same character elsewhere; two-character surnames first.
const SURNAMES: &[(&str, &str)] = &[
    ("万俟", "mo qi"),
    ("尉迟", "yu chi"),
    ("长孙", "zhang sun"),
    ("澹台", "tan tai"),
    ("单", "shan"),
    ("曾", "zeng"),
    ("仇", "qiu"),
    ("区", "ou"),
    ("解", "xie"),
    ("查", "zha"),
    ("任", "ren"),
    ("朴", "piao"),
    ("盖", "ge"),
    ("覃", "qin"),
    ("冼", "xian"),
    ("缪", "miao"),
    ("翟", "zhai"),
    ("乐", "yue"),
    ("华", "hua"),
    ("卜", "bu"),
    ("种", "chong"),
    ("重", "chong"),
    ("折", "she"),
    ("繁", "po"),
    ("黑", "he"),
    ("召", "shao"),
    ("句", "gou"),
    ("员", "yun"),
    ("燕", "yan"),
    ("宁", "ning"),
    ("葛", "ge"),
    ("石", "shi"),
    ("谌", "chen"),
    ("隗", "wei"),
    ("洗", "xian"),
    ("曲", "qu"),
    ("那", "na"),
    ("沈", "shen"),
];

/// A name in toneless pinyin, syllables separated by spaces, `ü` as `v`. Surnames are read as surnames: 覃 is `qin`,
/// 单 is `shan`. Letters and digits stay, in lower case; everything else separates.
pub fn pinyin_of(name: &str) -> String {
    let name = name.trim();
    let surname = SURNAMES.iter().find_map(|(surname, sound)| Some((name.strip_prefix(surname)?, *sound)));
    let (rest, mut filed) = surname.map_or((name, String::new()), |(rest, sound)| (rest, sound.to_owned()));
    let mut in_word = false;
    for c in rest.chars() {
        let syllable = c.to_pinyin().map(|pinyin| pinyin.plain().replace('ü', "v"));
        let letter = syllable.is_none() && c.is_alphanumeric();
        if (syllable.is_some() || letter && !in_word) && !filed.is_empty() {
            filed.push(' ');
        }
        match syllable {
            Some(syllable) => filed.push_str(&syllable),
            None if letter => filed.extend(c.to_lowercase()),
            None => {}
        }
        in_word = letter;
    }
    filed
}

/// A phone number for lists: the first three and the last two characters.
pub fn masked(phone: &str) -> String {
    let characters: Vec<char> = phone.chars().collect();
    let last = characters.len().saturating_sub(2).max(3);
    characters.iter().enumerate().map(|(i, c)| if i < 3 || i >= last { *c } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filed_by_pinyin_and_surnames_are_read_as_surnames() {
        for (name, filed) in [
            ("王小明", "wang xiao ming"),
            ("覃单", "qin dan"),
            ("单秀兰", "shan xiu lan"),
            ("尉迟恭", "yu chi gong"),
            ("吕布", "lv bu"),
            ("韦Anna2号", "wei anna2 hao"),
            ("阿依·古丽", "a yi gu li"),
            ("  ", ""),
            ("=1+1", "1 1"),
        ] {
            assert_eq!(pinyin_of(name), filed, "{name}");
        }
    }

    #[test]
    fn a_masked_phone_keeps_its_ends() {
        assert_eq!(masked("13812345678"), "138******78");
        assert_eq!(masked("110"), "110");
        assert_eq!(masked("号码一二三"), "号码一二三");
    }
}
