//! How one text became another: what stayed, went and came, by sentences and lines.

/// A run of text in a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// In both.
    Same(String),
    /// Only in the old text.
    Gone(String),
    /// Only in the new text.
    New(String),
}

/// Comparisons of two sentences at most; beyond that the middle is told as replaced whole.
const MOST: usize = 4_000_000;

/// The pieces that make up both texts: without the new ones they are `old`, without the gone ones `new`.
pub fn pieces(old: &str, new: &str) -> Vec<Piece> {
    let (old, new) = (sentences(old), sentences(new));
    let begin = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (old.get(begin..).unwrap_or_default(), new.get(begin..).unwrap_or_default());
    let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let old_middle = old_rest.get(..old_rest.len() - end).unwrap_or_default();
    let new_middle = new_rest.get(..new_rest.len() - end).unwrap_or_default();
    let mut told = Told::default();
    old.iter().take(begin).for_each(|text| told.stayed(text));
    middle(old_middle, new_middle, &mut told);
    old.iter().skip(old.len() - end).for_each(|text| told.stayed(text));
    told.pieces
}

/// The longest run of sentences that both have in order stays (the classic table of lengths).
fn middle(old: &[&str], new: &[&str], told: &mut Told) {
    if old.len().saturating_mul(new.len()) > MOST {
        old.iter().for_each(|text| told.went(text));
        new.iter().for_each(|text| told.came(text));
        return;
    }
    let width = new.len() + 1;
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    let at = |longest: &[u32], i: usize, j: usize| longest.get(i * width + j).copied().unwrap_or(0);
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let best = match a == b {
                true => at(&longest, i + 1, j + 1) + 1,
                false => at(&longest, i + 1, j).max(at(&longest, i, j + 1)),
            };
            if let Some(place) = longest.get_mut(i * width + j) {
                *place = best;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    loop {
        match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) if a == b => {
                told.stayed(a);
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), b) if b.is_none() || at(&longest, i + 1, j) >= at(&longest, i, j + 1) => {
                told.went(a);
                i += 1;
            }
            (_, Some(b)) => {
                told.came(b);
                j += 1;
            }
            (_, None) => return,
        }
    }
}

/// Sentences and lines, each with its end.
fn sentences(text: &str) -> Vec<&str> {
    text.split_inclusive(['。', '！', '？', '；', '，', '、', '\n', '.', ',', ' ']).collect()
}

/// Neighbours of one kind are one piece.
#[derive(Default)]
struct Told {
    pieces: Vec<Piece>,
}

impl Told {
    fn stayed(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Same(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Same(text.to_owned())),
        }
    }

    fn went(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Gone(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Gone(text.to_owned())),
        }
    }

    fn came(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::New(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::New(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_changed_sentence_is_told_between_those_that_stayed() {
        let told = pieces("先剪枝。再施肥。后浇水。", "先剪枝。再施有机肥。后浇水。");
        let wanted = [
            Piece::Same("先剪枝。".to_owned()),
            Piece::Gone("再施肥。".to_owned()),
            Piece::New("再施有机肥。".to_owned()),
            Piece::Same("后浇水。".to_owned()),
        ];
        assert_eq!(told, wanted);
        assert_eq!(pieces("", ""), []);
        assert_eq!(pieces("", "新"), [Piece::New("新".to_owned())]);
    }

    proptest! {
        #[test]
        fn the_pieces_make_up_both_texts(old in "[ab。，]{0,40}", new in "[ab。，]{0,40}") {
            let (mut was, mut is) = (String::new(), String::new());
            for piece in pieces(&old, &new) {
                match piece {
                    Piece::Same(text) => {
                        was.push_str(&text);
                        is.push_str(&text);
                    }
                    Piece::Gone(text) => was.push_str(&text),
                    Piece::New(text) => is.push_str(&text),
                }
            }
            prop_assert_eq!((was, is), (old, new));
        }
    }
}
