//! The frame of a question, as against its matter: 怎么办, 要不要, 老师讲的. Frames and function words are left out of
//! what is looked for, unless nothing else is left.

use crate::search::tokenizer::text_of;
use std::ops::Range;

/// Ways of asking, in Mandarin and the local tongues. Longer ones first where one begins another.
const FRAMES: [&str; 78] = [
    "是怎么回事",
    "怎么回事",
    "应该怎么办",
    "该怎么办",
    "怎么处理",
    "怎么解决",
    "怎么办",
    "怎么样",
    "怎么做",
    "怎么弄",
    "怎么搞",
    "怎么",
    "怎样",
    "如何处理",
    "如何",
    "咋办",
    "咋个",
    "咋整",
    "咋",
    "点样",
    "点解",
    "为什么",
    "为啥",
    "注意些什么",
    "什么时候",
    "什么意思",
    "是什么",
    "有什么",
    "什么",
    "啥",
    "有哪些",
    "哪些",
    "哪里",
    "哪个",
    "哪样",
    "多少钱",
    "多少",
    "多久",
    "几时",
    "要不要",
    "能不能",
    "可不可以",
    "行不行",
    "会不会",
    "是不是",
    "有没有",
    "该不该",
    "应不应该",
    "可以",
    "应该",
    "应当",
    "需要",
    "请问一下",
    "请问",
    "我想问一下",
    "我想问",
    "想问",
    "我想知道",
    "想知道",
    "我想",
    "我要",
    "帮我",
    "告诉我",
    "请教",
    "求教",
    "有关",
    "关于",
    "相关的",
    "老师讲的",
    "老师讲",
    "老师的",
    "老师",
    "讲的课",
    "讲的",
    "主讲",
    "的课程",
    "的视频",
    "的课",
];

/// Words that say nothing about what is looked for.
const STOP_WORDS: &str = " 的 了 着 过 在 和 与 及 或 跟 把 被 给 让 就 都 也 还 又 再 才 很 太 更 最 我 你 他 她 它 我们 你们 他们 咱 \
    咱们 自己 人家 这 那 这个 那个 这些 那些 个 是 有 要 会 能 去 来 到 从 向 对 为 以 而 并 但 如果 因为 所以 然后 以后 之后 以前 时候 \
    已经 正在 一直 一下 一点 有点 些 吗 呢 吧 啊 呀 哦 嘛 啦 么 得 地 之 其 该 想 说 讲 些 点 里 上 下 里面 家里 我家 家 被 没 没有 不 \
    不会 不能 可能 必须 还是 或者 先 才能 只 只有 第 请 问 能够 做 搞 弄 办 第一次 首次 一般 平时 现在 今年 去年 每次 东西 事情 情况 问题 冇 系 嘅 咗 唔 ";

/// Replaces every frame by a space. The whole query stays when nothing else would.
pub(crate) fn strip(chars: &[char]) -> Vec<char> {
    let mut left = chars.to_vec();
    for frame in FRAMES {
        let frame: Vec<char> = frame.chars().collect();
        let mut at = 0;
        while let Some(window) = left.get(at..at + frame.len()) {
            if window == frame {
                blank(&mut left, at..at + frame.len());
            }
            at += 1;
        }
    }
    if says_something(&left) { left } else { chars.to_vec() }
}

/// Replaces words that say nothing by spaces. All of them stay when nothing else would.
pub(crate) fn without_stop_words(chars: &[char], words: &[Range<usize>]) -> Vec<char> {
    let mut left = chars.to_vec();
    for word in words {
        let text = text_of(chars, word.clone());
        if STOP_WORDS.contains(&format!(" {text} ")) {
            blank(&mut left, word.clone());
        }
    }
    if says_something(&left) { left } else { chars.to_vec() }
}

fn blank(chars: &mut [char], range: Range<usize>) {
    if let Some(part) = chars.get_mut(range) {
        part.fill(' ');
    }
}

fn says_something(chars: &[char]) -> bool {
    chars.iter().any(|c| c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        strip(&chars).into_iter().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_frame_goes_and_the_matter_stays() {
        assert_eq!(stripped("红薯怎么储存"), "红薯 储存");
        assert_eq!(stripped("请问猪拉稀该怎么办"), "猪拉稀");
        assert_eq!(stripped("怎么办"), "怎么办");
    }
}
